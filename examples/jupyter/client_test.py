"""Uses the kernel through jupyter_client: evaluates two expressions and shuts it down."""

import sys

from jupyter_client import BlockingKernelClient

client = BlockingKernelClient(connection_file=sys.argv[1])
client.load_connection_file()
client.start_channels()
client.wait_for_ready(timeout=60)


def output(message):
    if message["msg_type"] == "execute_result":
        print(message["content"]["data"]["text/plain"])


client.execute_interactive("1<<10 + 3", output_hook=output, timeout=60)
print(client.execute_interactive("1/0", output_hook=output, timeout=60)["content"]["status"])
client.shutdown(reply=True, timeout=60)
client.stop_channels()
