//! A fleet made from a seed: the same file on every machine.

use std::io::{self, Write};

use jobs_devices::{
    Authentication, Capabilities, Field, JsonObject, Properties, Row, Status, Writer,
};

/// A condition that about a tenth of the rows fulfil.
pub(crate) const CONDITION: &str =
    "status = 'enabled' AND tags.site = 'north' AND properties.desired.telemetryInterval < 300";

/// Writes that many rows of about 820 bytes.
pub(crate) fn make<W: Write>(sink: W, rows: u64) -> io::Result<W> {
    let mut random = Random(0x5eed);
    let mut writer = Writer::new(sink);
    for number in 0..rows {
        writer.write(&row(number, &mut random))?;
    }
    writer.finish()
}

fn row(number: u64, random: &mut Random) -> Row {
    let mut row = Row::new(format!("device-{number:08}"));
    row.etag = Field::Value(format!("{}==", random.base64(14)));
    row.status = Field::Value(if random.below(10) == 0 {
        Status::Disabled
    } else {
        Status::Enabled
    });
    row.status_reason = Field::Value(String::new());
    row.authentication = Field::Value(match random.below(20) {
        0 => Authentication::self_signed(random.hex(64), Some(random.hex(64))),
        1 => Authentication::certificate_authority(),
        _ => Authentication::sas(
            format!("{}=", random.base64(43)),
            format!("{}=", random.base64(43)),
        ),
    });
    row.twin_etag = Field::Value("AAAAAAAAAAE=".to_owned());
    row.tags = Field::from(object(tags(random)));
    row.properties = object(desired(random))
        .zip(object(reported(random)))
        .map(|(desired, reported)| Properties::of(desired, reported))
        .into();
    let edge = number.is_multiple_of(50);
    row.capabilities = Field::Value(Capabilities::edge(edge));
    if number % 10 == 9 || edge {
        row.device_scope = Field::Value(format!(
            "ms-azure-iot-edge://device-{:08}-637600000000000000",
            number / 50 * 50
        ));
    }
    row
}

fn object(text: String) -> Option<JsonObject> {
    text.parse().ok()
}

fn tags(random: &mut Random) -> String {
    let site = ["north", "south", "east", "west", "harbour"][random.below(5) as usize];
    let (building, floor, team) = (random.below(40), random.below(12), random.below(30));
    format!(
        r#"{{"site":"{site}","building":"b{building}","floor":{floor},"owner":{{"team":"team-{team}","mail":"operations@example.com"}},"labels":["a","b","c"]}}"#
    )
}

fn desired(random: &mut Random) -> String {
    let interval = 10 + random.below(590);
    let (major, minor, patch, threshold) = (
        random.below(5),
        random.below(20),
        random.below(90),
        random.below(100_000),
    );
    format!(
        r#"{{"telemetryInterval":{interval},"firmware":{{"version":"{major}.{minor}.{patch}","channel":"stable","source":"https://firmware.example.com/stable"}},"threshold":{}.{:03}}}"#,
        threshold / 1000,
        threshold % 1000
    )
}

fn reported(random: &mut Random) -> String {
    let (battery, signal, online) = (
        random.below(100),
        40 + random.below(70),
        random.below(5) > 0,
    );
    let address: Vec<String> = (0..3).map(|_| random.below(255).to_string()).collect();
    let temperature = random.below(4000);
    format!(
        r#"{{"firmware":{{"version":"1.2.3","installed":"2021-07-07T20:47:37.1264413Z"}},"battery":{battery},"signal":-{signal},"online":{online},"address":"10.{}","temperature":{}.{:02}}}"#,
        address.join("."),
        temperature / 100,
        temperature % 100
    )
}

/// A linear congruential generator; quality is no matter here, repeatability is.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn text(&mut self, alphabet: &[u8], len: usize) -> String {
        (0..len)
            .map(|_| char::from(alphabet[self.below(alphabet.len() as u64) as usize]))
            .collect()
    }

    fn base64(&mut self, len: usize) -> String {
        // Every fourth letter of the last group has unused bits, which `A` leaves empty.
        let body = self.text(
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
            len - 1,
        );
        body + "A"
    }

    fn hex(&mut self, len: usize) -> String {
        self.text(b"0123456789abcdef", len)
    }
}
