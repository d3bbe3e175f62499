"""The `wishkeep` command: reads the command line, hands over to `src.commands`, turns failures into plain lines.

A command imports what it needs when it runs: `--help` and the small ones do not wait for the whole HTTP stack.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from src.commands.environment import configured, migrate
from src.commands.errors import CommandFailed
from src.platform.embedded import EmbeddedError
from src.platform.errors import AppError, SettingsError
from src.platform.garbage import keeping_all
from src.platform.security import SCOPES
from src.platform.version import VERSION

INTERRUPTED = 128 + 2  # as a shell reports the end by SIGINT


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 1 for a failure, which is explained on standard error."""
    options = _parser().parse_args(arguments)
    try:
        status: int | None = options.run(options)
    except SettingsError as error:
        return _fail(*error.faults)
    except (CommandFailed, EmbeddedError) as error:
        return _fail(str(error))
    except AppError as error:
        return _fail(*(f"{field}: {text}" for field, text in error.fields.items()) if error.fields else [error.text])
    except KeyboardInterrupt:
        return INTERRUPTED
    return status or 0


def _up(options: argparse.Namespace) -> None:
    with keeping_all():
        from src.commands.up import Options, up

    up(Options(host=options.host, port=options.port, data_dir=options.data_dir, demo=not options.no_demo))


def _api(options: argparse.Namespace) -> None:
    from src.commands.serve import serve

    with configured(options.data_dir, "api") as settings:
        serve(settings, host=options.host, port=options.port, workers=options.workers)


def _worker(options: argparse.Namespace) -> None:
    with keeping_all():
        from src.platform.jobs import QUEUES
        from src.workers.main import run

    unknown = [name for name in options.queue if name not in QUEUES]
    if unknown:
        raise CommandFailed(f"--queue {unknown[0]}: must be one of {', '.join(QUEUES)}")
    queues = [name for name in QUEUES if name in options.queue or not options.queue]
    with configured(options.data_dir, "worker") as settings:
        run(settings, queues)


def _mail_catcher(options: argparse.Namespace) -> None:
    from src.commands.mail_catcher import catch_mails

    catch_mails(options.folder, options.port)


def _demo_drop(options: argparse.Namespace) -> None:
    from src.demo import drop_price

    with configured(options.data_dir, "demo-drop") as settings:
        dropped = asyncio.run(drop_price(settings, options.sku))
    if dropped is None:
        raise CommandFailed(f"{options.sku} is no product with a price.")
    print(f"{options.sku} was {dropped[0]} and is {dropped[1]} now.")


def _migrate(options: argparse.Namespace) -> None:
    with configured(options.data_dir, "migrate") as settings:
        migrate(settings, expand=options.expand)


def _issue_token(options: argparse.Namespace) -> None:
    from src.commands.tokens import issue_tokens

    scopes = options.scope or ["storefront"]
    with configured(options.data_dir, "token issue") as settings:
        (token,) = asyncio.run(issue_tokens(settings, {options.email: scopes}, expires_in_s=options.expires_in))
    print(token)


def _import_feed(options: argparse.Namespace) -> None:
    from src.commands.feed import import_from, told

    with configured(options.data_dir, "import-feed") as settings:
        report = asyncio.run(import_from(settings, options.source))
    for line in told(report):
        print(line)


def _export(options: argparse.Namespace) -> None:
    from src.commands.export import export

    told = {"format": options.format, "sort": options.sort, "changed_after": options.changed_after}
    parameters = [(name, text) for name, text in told.items() if text is not None]
    for condition in options.where:
        name, separator, text = condition.partition("=")
        if not separator:
            raise CommandFailed(f"--where {condition}: must be like id__gt=1000")
        parameters.append((name, text))
    with configured(options.data_dir, "export") as settings:
        mark = asyncio.run(export(settings, options.resource, parameters, options.output))
    print(f"For what changes from now on: --changed-after {mark}", file=sys.stderr)


def _erase(options: argparse.Namespace) -> None:
    from src.commands import erase

    with configured(options.data_dir, "erase") as settings:
        if options.email is not None:
            ended = asyncio.run(erase.erase_address(settings, options.email))
            print(f"{ended.went} rows went, {ended.blanked} were blanked.")
            return
        if options.again:
            found = asyncio.run(erase.erase_again(settings))
        elif options.list:
            found = asyncio.run(erase.list_erased(settings))
        else:
            found = asyncio.run(erase.erase_users(settings, options.user))
    for erased in found:
        print(erased.user_id, erased.requested_at.isoformat())


def _check(options: argparse.Namespace) -> int:
    from src.commands.check import faults

    with configured(options.data_dir, "check") as settings:
        found = faults(settings)
    if found:
        return _fail(*found)
    print("The settings are sound, and all servers answer.")
    return 0


def _fail(*lines: str) -> int:
    for line in lines:
        print(line, file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wishkeep",
        description="Favourites, collections and baskets for shops.",
        epilog="DATABASE_URL and REDIS_URL name the servers; without them embedded ones run in the data directory.",
    )
    parser.add_argument("--version", action="version", version=f"wishkeep {VERSION}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--data-dir", type=Path, metavar="DIR", help="embedded servers (WISHKEEP_DATA_DIR; default .wishkeep here)"
    )
    address = argparse.ArgumentParser(add_help=False)
    address.add_argument("--host", default="127.0.0.1", help="address to listen at (default %(default)s)")

    def add(name: str, run: object, text: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text, parents=[shared, *parents])
        command.set_defaults(run=run)
        return command

    up = add("up", _up, "Start servers, API and worker, with demo data, until Ctrl-C", address)
    up.add_argument("--port", type=int, help="port of the API (default 8000, or the next free one)")
    up.add_argument("--no-demo", action="store_true", help="start with the data that is there, and issue no tokens")

    api = add("api", _api, "Serve the HTTP API", address)
    api.add_argument("--port", type=int, default=8000, help="port to listen at (default %(default)s)")
    api.add_argument(
        "--workers",
        type=int,
        default=os.environ.get("WEB_CONCURRENCY") or "1",
        help="processes that serve (WEB_CONCURRENCY; default 1)",
    )
    worker = add("worker", _worker, "Run background jobs")
    worker.add_argument(
        "--queue", action="append", default=[], metavar="NAME", help="feed, deliveries or upkeep; may be repeated"
    )
    schema = add("migrate", _migrate, "Bring the database to the newest schema")
    schema.add_argument(
        "--expand", action="store_true", help="only as far as the release before can live with, while it still serves"
    )

    token = commands.add_parser("token", help="Issue tokens").add_subparsers(metavar="ACTION", required=True)
    text = "Print a new token for a user, who is created if need be"
    issue = token.add_parser("issue", help=text, description=text, parents=[shared])
    issue.set_defaults(run=_issue_token)
    issue.add_argument("--email", required=True, help="whose token it is")
    issue.add_argument("--scope", action="append", choices=SCOPES, help="may be repeated (default storefront)")
    issue.add_argument("--expires-in", type=int, metavar="SECONDS", help="lifetime (default: until revoked)")

    feed = add("import-feed", _import_feed, "Import a merchant feed (Google's format, TSV or XML)")
    feed.add_argument("source", metavar="FILE|URL", help="where the feed is")
    rows = add("export", _export, "Write the rows of a warehouse resource to a file")
    rows.add_argument("resource", metavar="RESOURCE", help="such as favourite-products or orders/order-items")
    rows.add_argument("--format", help="ndjson (default), csv, parquet or arrow")
    rows.add_argument("--output", metavar="FILE", help="where to write (default: named after it; - is stdout)")
    rows.add_argument("--where", action="append", default=[], metavar="NAME=VALUE", help="a filter of the warehouse")
    rows.add_argument("--sort", metavar="FIELDS", help="separated by commas, - before one sorts it downwards")
    rows.add_argument("--changed-after", metavar="MARK", help="only what changed since an export with that mark")
    erase = add("erase", _erase, "Erase people's data; prints whose, and since when").add_mutually_exclusive_group(
        required=True
    )
    erase.add_argument("--user", type=int, action="append", metavar="ID", help="a user; may be repeated")
    erase.add_argument("--email", metavar="ADDRESS", help="a guest without an account")
    erase.add_argument("--again", action="store_true", help="all who were erased, in a database that was restored")
    erase.add_argument("--list", action="store_true", help="only say who was erased")
    drop = add("demo-drop", _demo_drop, "Let a price of the demo shop drop by a tenth")
    drop.add_argument("--sku", default="LAMP-ARC", help="whose price (default %(default)s)")
    catcher = add("mail-catcher", _mail_catcher, "Keep mails in a folder instead of sending them, for `wishkeep up`")
    catcher.add_argument("--port", type=int, required=True, help="port to listen at, on this machine only")
    catcher.add_argument("--folder", type=Path, required=True, help="the Maildir to put them in")
    add("check", _check, "Check settings and connections; explains each fault in one line")
    return parser


if __name__ == "__main__":
    sys.exit(main())
