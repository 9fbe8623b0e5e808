'use strict';
// Files: bytes go to the server over HTTP and come back the same way; messages carry only their description.

define('WAWebMediaOpaqueData', (_require, exports) => {
  exports.default = class OpaqueData {
    constructor(blob, type) {
      this._blob = blob;
      this._type = type;
    }

    static async createFromData(data, type) {
      return new OpaqueData(data instanceof Blob ? data : new Blob([data], { type }), type);
    }

    type() { return this._type || this._blob.type; }
    size() { return this._blob.size; }
    forceToBlob() { return this._blob; }
    throwIfReleased() {}
    retain() {}
    autorelease() {}
  };
});

define('WAWebMediaStore', (_require, exports) => {
  const kept = new Map(); // filehash -> ArrayBuffer, least lately put first
  const LIMIT = 20;
  exports.LruMediaStore = {
    get: async (key) => kept.get(key) ?? null,
    async put(key, value) {
      kept.delete(key);
      kept.set(key, value);
      for (const oldest of kept.keys()) if (kept.size > LIMIT) kept.delete(oldest);
    },
    del: async (key) => { kept.delete(key); },
    clear: async () => kept.clear(),
    count: async () => kept.size,
    has: async (key) => kept.has(key),
  };
});

define('WAWebMediaInMemoryBlobCache', (_require, exports) => {
  exports.InMemoryMediaBlobCacheImpl = class InMemoryMediaBlobCacheImpl extends Map {};
  exports.InMemoryMediaBlobCache = new exports.InMemoryMediaBlobCacheImpl();
});

define('SandboxFiles', (_require, exports) => {
  /** The message attributes of a stored file {id, mimetype, filename, size, filehash}. */
  exports.attributes = (media, caption) => ({
    caption,
    mimetype: media.mimetype,
    filename: media.filename,
    size: media.size,
    filehash: media.filehash,
    mediaKey: media.id,
    directPath: `/media/${media.id}`,
    mediaData: { mimetype: media.mimetype, filehash: media.filehash, size: media.size, mediaStage: 'RESOLVED' },
    mediaObject: { type: media.mimetype.split('/')[0].toUpperCase(), filehash: media.filehash },
  });
});

define('SandboxDownload', (require, exports) => {
  const GONE = new Set([404, 410]);

  /**
   * Fetches the bytes of a message's file. Where the server has it no more, the phone that sent it is asked to upload it
   * again, if the caller says why (`rmrReason`). What does not have the file's hash is not kept.
   */
  exports.download = async (msg, { rmrReason } = {}) => {
    let answer = await fetch(msg.directPath);
    if (GONE.has(answer.status) && rmrReason) {
      const { id } = await require('SandboxConnection').ask({ op: 'reupload', media: msg.mediaKey });
      if (id) {
        Object.assign(msg, { mediaKey: id, directPath: `/media/${id}` });
        answer = await fetch(msg.directPath);
      }
    }
    if (!answer.ok) throw new Error(`media download failed with ${answer.status}`);
    const bytes = await answer.arrayBuffer();
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    if (btoa(String.fromCharCode(...hash)) !== msg.filehash) throw new Error('media download failed: the hash differs');
    await require('WAWebMediaStore').LruMediaStore.put(msg.filehash, bytes);
  };
});

define('WAWebMediaPrep', (require, exports) => {
  const KINDS = new Set(['image', 'video', 'audio']);

  function kindOf(data, { asDocument, asSticker, isPtt }) {
    if (asDocument) return 'document';
    if (asSticker) return 'sticker';
    const kind = data.type().split('/')[0];
    if (kind === 'audio' && isPtt) return 'ptt';
    return KINDS.has(kind) ? kind : 'document';
  }

  class MediaPrep {
    constructor(data, options) {
      this.data = data;
      this.options = options;
      this.mediaData = { type: kindOf(data, options), mimetype: data.type(), size: data.size(), mediaBlob: data };
    }

    async waitForPrep() { return this.mediaData; }

    /** Shows the message, uploads the file, brings both to the server. Resolves with WhatsApp's result. */
    async sendToChat({ chat, options }) {
      const { Msg } = require('WAWebMsgModel');
      const raw = options.productMsgOptions;
      await null; // the caller listens for the message only after this call
      const { type, mimetype, size } = this.mediaData;
      const msg = new Msg({ ...raw, type, mimetype, size });
      msg.caption = options.caption ?? '';
      msg.mediaData = this.mediaData;
      msg.set({ isViewOnce: Boolean(options.isViewOnce), isGif: Boolean(this.options.asGif), ...this.options.precomputedFields });
      require('WAWebMsgCollection').MsgCollection.keep(chat, msg);
      if (chat.id.isStatusV3()) await require('SandboxStatuses').posted(msg);
      const media = await upload(this.data, raw.filename);
      if (!media) {
        msg.updateAck(-1);
        return { messageSendResult: 'ERROR_UPLOAD', t: null, count: null };
      }
      const facts = factsOf(msg);
      Object.assign(msg, require('SandboxFiles').attributes(media, msg.caption));
      return require('SandboxSending').bring(chat, msg, { media: media.id, facts });
    }
  }

  /** What the receiver's phone is told of the file, besides the file itself. */
  const factsOf = ({ isViewOnce, isGif, duration, waveform }) => ({
    view_once: isViewOnce,
    gif: isGif,
    duration: duration ?? null,
    waveform: waveform ? [...waveform] : null,
  });

  async function upload(data, filename) {
    const connection = require('SandboxConnection');
    if (!connection.streaming()) await connection.ask({ op: 'ping' });
    const type = data.type() || 'application/octet-stream';
    const headers = { 'content-type': type, 'x-filename': encodeURIComponent(filename) };
    const answer = await fetch('/media', { method: 'POST', body: data.forceToBlob(), headers }).catch(() => null);
    return answer?.ok ? answer.json() : null;
  }

  exports.MediaPrep = MediaPrep;
});

define('WAWebPrepRawMedia', (require, exports) => {
  const { MediaPrep } = require('WAWebMediaPrep');
  exports.prepRawMedia = (data, options) => new MediaPrep(data, options);
});

define('WAWebMediaProduct', (_require, exports) => {
  exports.uploadProductImage = async () => { throw new Error('products are not part of the sandbox'); };
});

define('WAWebMedia', (require, exports) => {
  const parts = ['WAWebMediaPrep', 'WAWebPrepRawMedia', 'WAWebMediaProduct'];
  Object.assign(exports, ...parts.map(require));
});

define('WAWebMediaGatingUtils', (_require, exports) => {
  const MIB = 1024 * 1024;
  exports.getUploadLimit = (kind) => (kind === 'document' ? 2048 : page.settings.upload_limit) * MIB;
});
