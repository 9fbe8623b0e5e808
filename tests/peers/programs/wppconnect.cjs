'use strict';
// @wppconnect-team/wppconnect, as its users run it. Only the browser's arguments are the test's; `whatsappVersion` is
// empty, for it would answer with an archived page of WhatsApp's instead of asking for one.
const wppconnect = require('@wppconnect-team/wppconnect');
const { obey, tell } = require(`${__dirname}/speaking.cjs`);

const { chromium, args, directory } = JSON.parse(process.argv[2]);
wppconnect.defaultLogger.transports.forEach((transport) => { transport.silent = true; });
const said = (message) => ({ id: message.id, body: message.body, from: message.from, to: message.to });

async function main() {
  const client = await wppconnect.create({
    session: 'peer',
    catchQR: (picture, _ascii, _attempt, code) => tell('qr', { code, picture }),
    statusFind: (status) => tell('status', { status }),
    headless: true,
    logQR: false,
    autoClose: 0,
    disableWelcome: true,
    updatesLog: false,
    whatsappVersion: '',
    folderNameToken: directory,
    browserArgs: args,
    puppeteerOptions: { executablePath: chromium, userDataDir: `${directory}/profile` },
  });
  client.onMessage((message) => tell('message', said(message)));
  client.onAck((message) => tell('ack', { id: message.id?._serialized ?? message.id, ack: message.ack, body: message.body }));
  client.onStateChange((state) => tell('state', { state }));
  obey({
    send: async ({ to, text }) => said(await client.sendText(to, text)),
    file: async ({ to, path }) => said(await client.sendFile(to, path, 'file.txt', 'a file')),
    known: async ({ number }) => (await client.checkNumberStatus(`${number}@c.us`)).numberExists,
    chats: async () => (await client.listChats()).map((chat) => chat.name),
    contacts: async () => (await client.getAllContacts()).map((contact) => contact.name),
    state: () => client.getConnectionState(),
    logout: () => client.logout(),
    close: () => client.close().finally(() => setImmediate(() => process.exit(0))),
  });
  tell('ready', { me: await client.getWid() });
}

main().catch((error) => tell('broken', { error: String(error?.message ?? error) }));
