"""
Run by az's own Python: reads command lines (JSON lists of words) from standard input, lets az parse each, and runs none.

Prints one JSON object a line: the command and what a policy became, or what az said against it.
"""

import contextlib
import json
import sys

from azure.cli.core import get_default_cli
from knack.events import EVENT_INVOKER_POST_PARSE_ARGS

FOUND = []


def stop(_cli, **told):
    """Keep what was parsed, and go no further."""
    FOUND.append(told["args"])
    raise KeyboardInterrupt


def policy_of(cli, arguments):
    from azure.cli.command_modules.keyvault._validators import build_certificate_policy

    policy = getattr(arguments, "policy", None)
    if policy is None:
        return None
    return build_certificate_policy(cli, policy)._to_certificate_policy_bundle().as_dict()


def main():
    cli = get_default_cli()
    cli.register_event(EVENT_INVOKER_POST_PARSE_ARGS, stop)
    for line in sys.stdin:
        FOUND.clear()
        with contextlib.suppress(SystemExit, KeyboardInterrupt):
            cli.invoke(json.loads(line), out_file=sys.stderr)
        told = {"error": "az did not parse it"}
        if FOUND:
            told = {"command": FOUND[0].command, "policy": policy_of(cli, FOUND[0])}
        print(json.dumps(told), flush=True)


main()
