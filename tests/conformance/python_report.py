"""One JSON line on stdout per case: what the harness counts."""

import json
import traceback


def case(body):
    """Runs the decorated function at once as one case; a failing one does not stop the next."""
    line = {"case": body.__name__.replace("_", " "), "ok": True}
    try:
        body()
    except Exception as cause:  # a case may fail in any way; the harness shows how
        where = [str(f.lineno) for f in traceback.extract_tb(cause.__traceback__) if f.filename == body.__code__.co_filename]
        line.update(ok=False, detail=f"{type(cause).__name__}: {cause} [line {' > '.join(where)}]")
    print(json.dumps(line), flush=True)
    return body


def equal(got, want, what="value"):
    if got != want:
        raise AssertionError(f"{what}: got {got!r}, want {want!r}")


def raises(kind, call):
    """Runs the call, which must raise exactly this type, and returns the exception."""
    try:
        response = call()
    except Exception as cause:
        if type(cause) is not kind:
            raise AssertionError(f"got {type(cause).__name__}: {cause}, want {kind.__name__}") from cause
        return cause
    raise AssertionError(f"no {kind.__name__} was raised; the call gave {response!r}")
