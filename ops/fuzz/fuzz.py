"""Runs schemathesis against a running demonstration server in a role, and judges what came of it.

    fuzz.py ready URL            waits until the server says that it is ready
    fuzz.py run URL SECONDS ROLE prepares an application, fuzzes in the role for SECONDS, prints its share

Started by ops/fuzz-api in an empty directory.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import requests

from application import UNDESCRIBED, Application, sign_in

HERE = Path(__file__).resolve().parent
# These end the application, so they are fuzzed when everything else has been.
ENDING = r"/(submission|withdrawal)$"
# Of the operations that the role may use, how many must have answered 2xx at least once. The reporter has no API of
# its own yet beyond what everyone may ask.
NEEDED_SHARE = {"member": 0.6, "secretariat": 0.5, "reporter": 0.0}
# These end the session that asks; of an account the fuzzer learns the name from answers that it gets, and all roles of the
# demonstration's staff are one, so it locks itself out: last of all.
LEAVING = r"^/api/v1/sessions"
LOCKING_OUT = r"^/api/v1/accounts/"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def wait_until_ready(url):
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        try:
            if requests.get(f"{url}/readyz", timeout=10).status_code == 200:
                return
        except requests.RequestException:
            pass
        time.sleep(0.1)
    sys.exit(f"{url}/readyz did not answer 200 within 300 s")


def schemathesis(url, role, cookie, application, seconds, selection, outcomes):
    """One run of the command line tool; the outcomes are written by hooks.py when it ends."""
    command = [
        str(Path(sys.executable).parent / "schemathesis"),
        "run",
        f"{url}/api/v1/openapi.json",
        "--checks", CHECKS,
        "--phases", "examples,coverage,fuzzing",
        "--max-examples", "40",
        "--max-time", str(seconds),
        "--continue-on-failure",
        "--seed", "20260603",
        "--generation-database", "none",
        "--generation-with-security-parameters", "false",
        "--suppress-health-check", "all",
        "--request-timeout", "60",
        "--header", f"Cookie: shinsei_session={cookie}",
        "--no-color",
        *selection,
    ]  # fmt: skip
    environment = os.environ | {
        "SCHEMATHESIS_HOOKS": "hooks",
        "PYTHONPATH": str(HERE),
        "FUZZ_URL": url,
        "FUZZ_ROLE": role,
        "FUZZ_APPLICATION": application,
        "FUZZ_OUTCOMES": str(outcomes),
    }
    return subprocess.run(command, env=environment, check=False).returncode


def merged(files):
    """Status counts per operation over several runs."""
    total = {}
    for file in files:
        for operation, statuses in json.loads(file.read_text()).items():
            counts = total.setdefault(operation, {})
            for status, number in statuses.items():
                counts[status] = counts.get(status, 0) + number
    return total


def judge(role, operations):
    """Prints the shares of one role; returns the sentences that say what is wrong."""
    # An operation that never answered anything but 401 and 403 is not this role's.
    permitted = {
        name: counts for name, counts in operations.items() if name != UNDESCRIBED and set(counts) - {"401", "403"}
    }
    succeeded = [name for name, counts in permitted.items() if any(status.startswith("2") for status in counts)]
    by_class = {}
    for counts in operations.values():
        for status, number in counts.items():
            by_class[f"{status[0]}xx"] = by_class.get(f"{status[0]}xx", 0) + number
    share = len(succeeded) / len(permitted) if permitted else 0.0
    print(
        f"{role}: {len(succeeded)} of {len(permitted)} permitted operations answered 2xx ({share:.0%}); "
        f"{len(operations)} operations, {sum(by_class.values())} requests: "
        + ", ".join(f"{number} × {name}" for name, number in sorted(by_class.items()))
    )
    for name in sorted(set(permitted) - set(succeeded)):
        print(f"    never 2xx: {name} {json.dumps(permitted[name])}")
    wrong = []
    if by_class.get("5xx"):
        wrong.append(f"{role}: {by_class['5xx']} answers were 5xx")
    if share < NEEDED_SHARE[role]:
        wrong.append(f"{role}: {share:.0%} of the permitted operations answered 2xx, {NEEDED_SHARE[role]:.0%} are needed")
    return wrong


def run(url, seconds, role):
    application = Application(url)
    application.apply()
    wrong = []
    print(f"\n-- as {role}", flush=True)
    cookie = sign_in(url, role).cookies["shinsei_session"]
    ending_seconds = max(seconds // 6, 3)
    locking_seconds = max(seconds // 20, 3)
    main_seconds = max(seconds - ending_seconds - locking_seconds, 3)
    runs = [
        (Path(f"{role}-main.json"), main_seconds, ["--exclude-path-regex", f"{ENDING}|{LEAVING}|{LOCKING_OUT}"]),
        (Path(f"{role}-ending.json"), ending_seconds, ["--include-path-regex", ENDING]),
        (Path(f"{role}-locking-out.json"), locking_seconds, ["--include-path-regex", LOCKING_OUT]),
    ]
    for file, time_given, selection in runs:
        code = schemathesis(url, role, cookie, application.id, time_given, selection, file)
        if code != 0:
            wrong.append(f"{role}: schemathesis found failures ({file.stem}, above)")
    print()
    wrong += judge(role, merged(file for file, _, _ in runs))
    for sentence in wrong:
        print(f"FAILED {sentence}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["ready", url]:
            wait_until_ready(url)
        case ["run", url, seconds, role] if role in NEEDED_SHARE:
            run(url, int(seconds), role)
        case _:
            sys.exit(__doc__)
