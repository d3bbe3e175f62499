"""PostgreSQL and Valkey from wheels: what Wishkeep runs on when no other servers are configured.

    data directory
      postgresql/    the database cluster, made at the first start
      logs/          one file per server
      run/           sockets, where a socket's path fits; else a temporary folder
      servers.json   the owner's note: who it is, where the sockets are
      *.lock         held by the owner, by users and by the servers; the kernel frees them with their holders

`EmbeddedServers` owns and runs them; `embedded_servers` is for a command that needs them for a while.
"""

from src.platform.embedded.errors import AlreadyRunning, EmbeddedError
from src.platform.embedded.servers import Addresses, EmbeddedServers
from src.platform.embedded.use import embedded_servers

__all__ = ["Addresses", "AlreadyRunning", "EmbeddedError", "EmbeddedServers", "embedded_servers"]
