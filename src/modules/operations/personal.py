"""What operations keep of people: nothing but what an error may say, for as long as dead letters are kept."""

from collections.abc import Mapping

from src.platform.personal import Personal

PERSONAL: tuple[Personal, ...] = ()
IMPERSONAL: Mapping[str, str] = {
    "dead_letter": "arguments of jobs, which are numbers of rows, and errors without addresses and secrets",
}
