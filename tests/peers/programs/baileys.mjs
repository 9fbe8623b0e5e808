// Baileys, as its users run it. Only the address of the server and its root key are the test's. Baileys asks its
// libsignal whether signatures are right and does not look at the answer, so a test asks libsignal itself.
import { createRequire } from 'module';
import { pathToFileURL } from 'url';

const { obey, tell } = createRequire(import.meta.url)('./speaking.cjs');
const { baileys, url, root, directory } = JSON.parse(process.argv[2]);
const library = await import(pathToFileURL(`${baileys}/lib/index.js`));
const { WA_CERT_DETAILS, DEFAULT_CONNECTION_CONFIG } = await import(pathToFileURL(`${baileys}/lib/Defaults/index.js`));
const { curve } = createRequire(`${baileys}/package.json`)('libsignal');
const bytes = (hex) => Buffer.from(hex, 'hex');
const hex = (data) => Buffer.from(data).toString('hex');
const logger = DEFAULT_CONNECTION_CONFIG.logger.child({}, { level: 'silent' });
WA_CERT_DETAILS.PUBLIC_KEY = bytes(root);
const { state, saveCreds } = await library.useMultiFileAuthState(directory);
const { restartRequired } = library.DisconnectReason;
const appStateMacVerification = { patch: true, snapshot: true };
let socket;
let attempt = 0;
let saving = Promise.resolve();

const acks = ({ id, status }) => status > 2 && tell('ack', { id, status });
const connect = () => {
  attempt += 1;
  socket = library.makeWASocket({ auth: state, waWebSocketUrl: url, logger, appStateMacVerification });
  socket.ev.on('creds.update', ({ me }) => {
    saving = Promise.all([saving, saveCreds()]);
    if (me?.name) tell('name', { name: me.name });
  });
  socket.ev.on('connection.update', ({ qr, connection, lastDisconnect }) => {
    const code = lastDisconnect?.error?.output?.statusCode;
    if (qr) tell('qr', { code: qr });
    if (connection) tell(connection, { attempt, code, me: state.creds.me?.id });
    if (connection === 'close' && code === restartRequired) connect();
  });
  socket.ev.on('messages.upsert', ({ messages }) => messages.forEach(({ key, message, status }) => {
    const text = message?.conversation ?? message?.extendedTextMessage?.text;
    if (key.fromMe) acks({ id: key.id, status });
    else tell('message', { id: key.id, from: key.remoteJid, text });
    if (message?.protocolMessage?.appStateSyncKeyShare) tell('keys');
  }));
  // Where it buffers, an acknowledgement comes with the message.
  socket.ev.on('messages.update', (updates) => updates.forEach(({ key, update }) => acks({ id: key.id, ...update })));
};

obey({
  send: async ({ to, text }) => (await socket.sendMessage(to, { text })).key.id,
  known: async ({ number }) => (await socket.onWhatsApp(number))[0]?.exists,
  verify: ({ key, message, signature }) => curve.verifySignature(bytes(key), bytes(message), bytes(signature)),
  sign: ({ message }) => {
    const { pubKey, privKey } = curve.generateKeyPair();
    return { key: hex(pubKey), signature: hex(curve.calculateSignature(privKey, bytes(message))) };
  },
  logout: () => socket.logout(),
  connect: () => connect(),
  end: async () => { await socket.end(); await saving; },
});
connect();
