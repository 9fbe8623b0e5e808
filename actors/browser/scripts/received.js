// Orders about the files of messages: fetched from WhatsApp into the page's memory, and read from there.
(function (page) {
  'use strict';
  const { cut, addresses, withBareId } = page;
  const NO_MESSAGE = 'WhatsApp Web does not know this message';
  const RELEASED = 60000; // ms after which a download has surely begun
  const blobs = new Map(); // number -> a file that waits to be saved
  let numbers = 0;

  const failure = (message, code) => Object.assign(new Error(message), { code });

  /** The message with this id, whole or bare: in memory, else in the page's storage under each address of its chat. */
  async function find({ chat, message }) {
    const parts = message.split('_');
    const bare = parts.length > 1 ? parts[2] : message;
    const here = withBareId(bare);
    if (here) return here;
    for (const address of addressesOf(chat)) {
      for (const mine of parts.length > 1 ? [parts[0]] : ['false', 'true']) {
        try {
          const [, , , ...rest] = parts;
          return await window.WPP.chat.getMessageById([mine, address, bare, ...rest].join('_'));
        } catch {
          // it says the same of a message that is not there and of one it could not look for
        }
      }
    }
    throw failure(NO_MESSAGE, 'NO_MESSAGE');
  }

  function addressesOf(chat) {
    const { lid, phone } = addresses(chat);
    return new Set([chat, ...(lid ? [lid] : []), ...(phone ? [`${phone}@c.us`] : [])]);
  }

  return {
    /** Fetches a message's file and keeps it until `closeMedia`. A message whose file is gone is asked of its sender. */
    async openMedia(order) {
      const msg = await find(order);
      if (!msg.mimetype) throw failure('This message has no file', 'NO_MEDIA');
      const blob = await window.WPP.chat.downloadMedia(String(msg.id));
      if (msg.size && !blob.size) throw failure('WhatsApp gave an empty file', 'EMPTY');
      const handle = ++numbers;
      blobs.set(handle, blob);
      return {
        handle, size: blob.size, mimetype: cut(msg.mimetype), filename: msg.filename ? cut(msg.filename) : null, id: cut(msg.id),
      };
    },

    /** Saves it as a download with this name, without its type: Chromium would add to the name, and hold back programs. */
    saveMedia({ handle, name }) {
      const link = document.createElement('a');
      const blob = blobs.get(handle);
      link.href = URL.createObjectURL(blob.slice(0, blob.size, 'application/octet-stream'));
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), RELEASED);
    },

    closeMedia: ({ handle }) => { blobs.delete(handle); },
  };
})
