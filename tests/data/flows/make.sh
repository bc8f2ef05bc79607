#!/usr/bin/env bash
# Makes the captures in this directory anew: calls on the loopback interface, and what the programs that made them logged.
#
#   tests/data/flows/make.sh [NAME...]
#
# Needs sipp, kamailio (modules tls, websocket, xhttp), baresip, node with the package ws (NODE_PATH), python3, tcpdump, editcap and openssl, and may capture.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
chmod 755 "$work"
started=()
stop() {
  for id in "${started[@]}"; do kill "$id" 2>/dev/null || true; done
  wait "${started[@]}" 2>/dev/null || true
  started=()
}
trap 'stop; rm -rf "$work"' EXIT
cd "$work"
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 3650 -subj /CN=sip.example.com 2>/dev/null
chmod 644 key.pem

run() { "$@" >/dev/null 2>&1 & started+=($!); }
capture() { run tcpdump -i lo -s 0 -U -w "$work/capture.pcap" "$1"; sleep 1; }

# Ends the programs and keeps the capture with the messages of these logs.
keep() {
  local name=$1 secrets=$2
  shift 2
  sleep 1
  stop
  if [ -n "$secrets" ]; then
    editcap --inject-secrets "tls,$secrets" capture.pcap "$here/$name.pcapng"
  else
    editcap -F pcap capture.pcap "$here/$name.pcap"
  fi
  python3 "$here/messages.py" "$@" > "$here/$name.log"
  rm -f ./*.log capture.pcap secrets
}

callee() { run sipp -sn uas -t "$1" -i 127.0.0.1 -p 6060 -trace_msg -message_file callee.log; }
caller() { # transport, port of the next hop
  timeout 60 sipp -sf "$here/caller.xml" -t "$1" -i 127.0.0.1 -p 5070 "127.0.0.1:$2" -m 3 -r 10 -d 200 -max_socket 100 \
    -trace_msg -message_file caller.log >/dev/null 2>&1
}
proxy() { # transport to the callee
  sed "s|DIRECTORY|$work|; s|TRANSPORT|$1|" "$here/kamailio.cfg" > kamailio.cfg
  printf '[server:default]\nmethod = TLSv1.2+\nverify_certificate = no\nprivate_key = %s/key.pem\ncertificate = %s/cert.pem\n' "$work" "$work" > tls.cfg
  run kamailio -DD -E -w "$work" -f kamailio.cfg
  sleep 3
}
relay() { run python3 "$here/relay.py" "$work/secrets" "$1"; sleep 1; }

tcp() { capture 'port 6060'; callee t1; sleep 1; caller t1 6060; keep "$1" '' caller.log callee.log; }
tcp-each() { capture "port 6060"; callee t1; sleep 1; caller tn 6060; keep "$1" "" caller.log callee.log; }
tcp-udp() { capture 'port 6060 or port 7060'; callee u1; proxy udp; caller t1 7060; keep "$1" '' caller.log callee.log; }
tls() { capture 'port 7061'; callee u1; proxy udp; relay "$2"; caller t1 7062; keep "$1" secrets caller.log; }
tls12() { tls "$1" 1.2; }
tls13() { tls "$1" 1.3; }

tls13-baresip() {
  mkdir -p baresip
  printf '%s\n' 'sip_listen 127.0.0.1:5090' 'audio_player aubridge,nil' 'audio_source aubridge,nil' 'audio_alert aubridge,nil' \
    'module_path /usr/lib/baresip/modules' 'module g711.so' 'module aubridge.so' 'module_tmp uuid.so' 'module_tmp account.so' \
    'module_app menu.so' > baresip/config
  # baresip speaks TCP to the relay, which speaks TLS to the proxy.
  echo '<sip:alice@127.0.0.1:7062;transport=tcp>;regint=0' > baresip/accounts
  echo > baresip/contacts
  # The callee leaves Record-Route out, so that ACK and BYE go to it directly.
  capture 'port 7061 or port 6060'
  callee u1
  proxy udp
  relay 1.3
  timeout 20 baresip -f baresip -s -e '/dial sip:service@127.0.0.1:7062;transport=tcp' -t 3 > baresip.log 2>&1 || true
  [ -z "${KEEP_LOG:-}" ] || cp baresip.log "$KEEP_LOG"
  keep "$1" secrets baresip.log callee.log
}

websocket() {
  capture 'port 7080'
  callee u1
  proxy udp
  node "$here/client.js" ws://127.0.0.1:7080/ 3 caller.log plain
  keep "$1" '' caller.log
}
websocket-deflate() {
  capture 'port 7090'
  run node "$here/server.js" 7090
  sleep 1
  node "$here/client.js" ws://127.0.0.1:7090/ 3 caller.log deflate
  keep "$1" '' caller.log
}

[ $# -gt 0 ] || set -- tcp tcp-each tcp-udp tls12 tls13 tls13-baresip websocket websocket-deflate
for name in "$@"; do
  "$name" "$name"
  echo "$name"
done
