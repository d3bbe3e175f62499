"""Everything that analysts and search engines read: 49 resources in the shape of the warehouse document."""

from src.modules.warehouse.controllers import READING
from src.modules.warehouse.exporting.controllers import EXPORTING
from src.modules.warehouse.exporting.exports import begun, read_wanted
from src.modules.warehouse.exporting.responses import Exports
from src.modules.warehouse.personal import IMPERSONAL, PERSONAL
from src.modules.warehouse.reading import Warehouse
from src.modules.warehouse.registry import SHOWN

CONTROLLERS = (READING, EXPORTING)

__all__ = ["CONTROLLERS", "IMPERSONAL", "PERSONAL", "SHOWN", "Exports", "Warehouse", "begun", "read_wanted"]
