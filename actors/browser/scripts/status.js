// Orders about statuses. Sending one goes the way of every message (messages.js).
(function (page) {
  'use strict';
  const { wa, withBareId, sending } = page;
  const STATUS = 'status@broadcast';

  /**
   * A status with a file. The address is no text here: for the text `status@broadcast` wa-js 4.6.0 leaves the message's id
   * to the page, and a message under another id than ours could not be found again.
   */
  const sendingFile = (type) => sending(({ file, caption }, _chat, options) =>
    window.WPP.chat.sendFileMessage(wa().WidFactory.createWid(STATUS), file, {
      ...options,
      linkPreview: false,
      detectMentioned: false,
      type,
      filename: file.name,
      mimetype: file.type,
      ...(caption === null ? {} : { caption }),
    }));

  return {
    postImageStatus: sendingFile('image'),
    postVideoStatus: sendingFile('video'),
    postTextStatus: sending(({ text, background, font }, _chat, options) =>
      window.WPP.status.sendTextStatus(text, { ...options, font, ...(background === null ? {} : { backgroundColor: background }) })),

    /** Not through wa-js 4.6.0, which looks for the account's statuses under its number alone. */
    deleteStatus: async ({ message }) => {
      const { StatusV3Store, UserPrefs, functions } = wa();
      const msg = withBareId(message);
      if (!msg || String(msg.id.remote) !== STATUS) throw Object.assign(new Error('no such status'), { code: 'status_not_found' });
      const mine = StatusV3Store.getMyStatus() ?? StatusV3Store.get(UserPrefs.getMaybeMePnUser());
      if (!mine) throw Object.assign(new Error('no statuses are known'), { code: 'status_not_found' });
      await functions.revokeStatus(mine, msg);
    },
  };
})
