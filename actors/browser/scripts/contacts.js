// Orders about people.
(function (page) {
  'use strict';
  const { cut, addresses } = page;
  return {
    checkContact: async ({ number }) => {
      const found = await window.WPP.contact.queryExists(`${number}@c.us`);
      if (!found?.wid) return { on_whatsapp: false };
      const known = addresses(found.wid);
      const lid = known.lid ?? (found.lid ? cut(found.lid) : null);
      return { on_whatsapp: true, id: cut(found.wid), lid, phone: known.phone };
    },
  };
})
