// Calls over WebSocket, each answered and ended: node client.js URL CALLS LOG deflate|plain
const fs = require('fs');
const WebSocket = require('ws');
const [url, calls, path, mode] = process.argv.slice(2);
const socket = new WebSocket(url, ['sip'], { perMessageDeflate: mode === 'deflate' });
let ended = 0;

const log = (what, octets) => {
  fs.appendFileSync(path, `WS message ${what} [${octets.length}] bytes :\n\n`);
  fs.appendFileSync(path, octets);
  fs.appendFileSync(path, '\n');
};
const send = (lines, body = '') => {
  const octets = Buffer.from([...lines, `Content-Length: ${body.length}`, '', body].join('\r\n'));
  log('sent', octets);
  socket.send(octets.toString());
};
const values = (message, name) =>
  message.split('\r\n').filter(line => line.toLowerCase().startsWith(`${name}:`)).map(line => line.slice(name.length + 1).trim());
const request = (method, uri, id, number, to, routes) => [
  `${method} ${uri} SIP/2.0`,
  `Via: SIP/2.0/WS client.invalid;branch=z9hG4bK${id}${method}`,
  'Max-Forwards: 70',
  ...routes.map(route => `Route: ${route}`),
  `From: "\u00c9lo\u00efse" <sip:alice@example.com>;tag=a${id}`,
  `To: ${to}`,
  `Call-ID: ${id}@client.invalid`,
  `CSeq: ${number} ${method}`,
  'Contact: <sip:alice@client.invalid;transport=ws>',
];

socket.on('open', () => {
  for (let n = 1; n <= Number(calls); n++) {
    const invite = request('INVITE', 'sip:service@127.0.0.1:6060', `call${n}`, 1, '<sip:service@example.com>', []);
    const sdp = ['v=0', 'o=alice 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', 'm=audio 40000 RTP/AVP 0', ''];
    setTimeout(() => send([...invite, 'Content-Type: application/sdp'], sdp.join('\r\n')), n * 50);
  }
});
socket.on('message', octets => {
  log('received', octets);
  const message = octets.toString();
  if (!message.startsWith('SIP/2.0 200')) return;
  const id = values(message, 'call-id')[0].split('@')[0];
  const [to] = values(message, 'to');
  if (values(message, 'cseq')[0].endsWith('INVITE')) {
    const target = values(message, 'contact')[0].match(/<([^>]+)>/)[1];
    const routes = values(message, 'record-route').flatMap(value => value.split(',')).reverse();
    send(request('ACK', target, id, 1, to, routes));
    setTimeout(() => send(request('BYE', target, id, 2, to, routes)), 200);
  } else if (++ended === Number(calls)) {
    setTimeout(() => socket.close(), 200);
  }
});
socket.on('close', () => process.exit(ended === Number(calls) ? 0 : 1));
socket.on('error', error => { console.error(error.message); process.exit(1); });
