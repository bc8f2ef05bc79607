"""Takes TCP connections on port 7062 and hands their octets on over TLS to port 7061: relay.py SECRETS VERSION"""
import socket
import ssl
import sys
import threading

context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
context.keylog_filename = sys.argv[1]
if sys.argv[2] == "1.2":
    context.maximum_version = ssl.TLSVersion.TLSv1_2


def pump(source, target):
    try:
        while octets := source.recv(65536):
            target.sendall(octets)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", 7062))
listener.listen()
while True:
    plain, _ = listener.accept()
    secure = context.wrap_socket(socket.create_connection(("127.0.0.1", 7061)), server_hostname="sip.example.com")
    threading.Thread(target=pump, args=(plain, secure), daemon=True).start()
    threading.Thread(target=pump, args=(secure, plain), daemon=True).start()
