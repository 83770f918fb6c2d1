"""gcp-storage-emulator's GCS server in memory: python gcs_server.py PORT.

gcsfs ends the lines around an object with LF alone. The emulator, which reads them as an e-mail, then takes a CR that
an object ends with for a part of that line, and of every 256th file one byte would be lost; so the line gets a CR.
"""

import sys

from gcp_storage_emulator import server

END = b"\n--==0==--"
decoded = server._decode_raw_data


def decoded_whole(raw, request):
    """What came, once the line that ends an object of gcsfs is one of an e-mail."""
    return decoded(raw.removesuffix(END) + b"\r" + END if raw and raw.endswith(END) else raw, request)


if __name__ == "__main__":
    server._decode_raw_data = decoded_whole
    server.create_server("127.0.0.1", int(sys.argv[1]), in_memory=True).run()
