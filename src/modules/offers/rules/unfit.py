"""Numbers of a campaign as other systems feed them, and the refusal of what no campaign may say."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

# Far above any price, so that nothing that is worked out from it is out of hand.
MOST = 10**12
_DECIMALS = 18
_WRITTEN = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,18})?", re.ASCII)


class UnfitCampaign(ValueError):
    """A campaign says something that no campaign may say, in the column `field`."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


def number(value: Any, field: str, name: str) -> Decimal:
    """A number from 0 to `MOST`, told as a number or as text; raises UnfitCampaign for anything else."""
    if isinstance(value, str) and _WRITTEN.fullmatch(value.strip()):
        read = Decimal(value.strip())
    elif isinstance(value, float):
        # The shortest text that stands for the float is what was written.
        read = Decimal(repr(value))
    elif isinstance(value, Decimal):
        read = value
    elif isinstance(value, int) and not isinstance(value, bool):
        # A long integer takes its time to become a Decimal.
        read = Decimal(max(-1, min(value, MOST + 1)))
    else:
        raise UnfitCampaign(field, f'"{name}" must be a number.')
    if not read.is_finite():
        raise UnfitCampaign(field, f'"{name}" must be a number.')
    if read < 0:
        raise UnfitCampaign(field, f'"{name}" must not be negative.')
    if read > MOST:
        raise UnfitCampaign(field, f'"{name}" must not be above {MOST}.')
    if read.adjusted() < -_DECIMALS or int(read.as_tuple().exponent) < -_DECIMALS:
        raise UnfitCampaign(field, f'"{name}" must have at most {_DECIMALS} decimals.')
    return read.copy_abs()


def cents(value: Any, field: str, name: str) -> int:
    """Money in cents; raises UnfitCampaign for what is none."""
    above, below = number(value, field, name).as_integer_ratio()
    if above * 100 % below:
        raise UnfitCampaign(field, f'"{name}" must have at most two decimals.')
    return above * 100 // below


def whole(value: Any, field: str, name: str) -> int:
    """A whole number; raises UnfitCampaign for what is none."""
    above, below = number(value, field, name).as_integer_ratio()
    if below != 1:
        raise UnfitCampaign(field, f'"{name}" must be a whole number.')
    return above


def choice(kwargs: Mapping[str, Any], name: str, choices: tuple[str, ...], default: str) -> str:
    """One of `choices`, `default` when nothing is told; raises UnfitCampaign for another."""
    value = kwargs.get(name)
    if value is None:
        return default
    if not isinstance(value, str) or value not in choices:
        raise UnfitCampaign("kwargs", f'"{name}" must be one of {", ".join(choices)}.')
    return value
