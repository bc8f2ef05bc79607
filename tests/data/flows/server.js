// Answers calls over WebSocket, compressed, 200 in two fragments around a ping: node server.js PORT
const { WebSocketServer } = require('ws');
const server = new WebSocketServer({ host: '127.0.0.1', port: Number(process.argv[2]), perMessageDeflate: { threshold: 0 } });

server.on('connection', socket => socket.on('message', octets => {
  const lines = octets.toString().split('\r\n');
  if (lines[0].startsWith('ACK')) return;
  const copied = lines.filter(line => /^(via|from|call-id|cseq):/i.test(line));
  const to = lines.find(line => /^to:/i.test(line));
  const response = status => Buffer.from([
    `SIP/2.0 ${status}`, ...copied, to.includes(';tag=') ? to : `${to};tag=b`,
    'Contact: <sip:service@127.0.0.1;transport=ws>', 'Content-Length: 0', '', '',
  ].join('\r\n'));
  if (lines[0].startsWith('INVITE')) socket.send(response('180 Ringing').toString());
  const answer = response('200 OK');
  socket.send(answer.subarray(0, 100), { fin: false, binary: false });
  socket.ping();
  socket.send(answer.subarray(100), { fin: true, binary: false });
}));
