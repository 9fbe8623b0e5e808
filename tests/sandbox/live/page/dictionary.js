'use strict';
// The words that the protocol writes as one byte or two: a few, in the form in which WhatsApp's page has its own.
const dictionary = (() => {
  const single = ["xmlstreamstart", "xmlstreamend", "s.whatsapp.net", "type", "from", "receipt", "id", "to", "iq", "xmlns",
    "message", "result", "set", "get", "user", "jid", "enc", "pkmsg", "msg", "key", "value", "list", "ack", "lid"];
  const first = ["pair-device", "pair-success", "ref", "conflict"];
  return { single: ["", ...single], double: [first] };
})();
