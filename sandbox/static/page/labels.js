'use strict';
// Labels of chats, which business accounts have.

define('WAWebListUtils', (_require, exports) => {
  const COLORS = [
    '#ff9485', '#64c4ff', '#ffd429', '#dfaef0', '#99b6c1', '#55ccb3', '#ff9dff', '#d3a91d', '#6d7cce', '#d7e752',
    '#00d0e2', '#ffc5c7', '#93ceac', '#f74848', '#00a0f2', '#83e422', '#ffaf04', '#b5ebff', '#9ba6ff', '#9368cf',
  ];
  exports.getAllLabelColors = () => COLORS;
  exports.colorIndexToHex = (index) => COLORS[index] ?? COLORS[0];
});

define('WAWebLabelItemModel', (require, exports) => {
  const { BaseModel, defineModel } = require('WAWebBaseModel');
  class LabelItem extends BaseModel {}
  exports.default = defineModel(LabelItem, 'label-item', {
    id: undefined, labelId: undefined, parentId: undefined, parentType: undefined,
  });
});

define('WAWebLabelItemCollection', (require, exports) => {
  const { BaseCollection } = require('WAWebBaseCollection');
  exports.LabelItemCollection = class LabelItemCollection extends BaseCollection {};
});

define('WAWebLabelModel', (require, exports) => {
  const { BaseModel, defineModel } = require('WAWebBaseModel');
  const { LabelItemCollection } = require('WAWebLabelItemCollection');
  class Label extends BaseModel {
    constructor(values) {
      super(values);
      Object.defineProperty(this, 'labelItemCollection', { value: new LabelItemCollection() });
    }

    get hexColor() { return require('WAWebListUtils').colorIndexToHex(this.colorIndex); }
  }
  exports.Label = defineModel(Label, 'label', {
    id: undefined, name: undefined, colorIndex: undefined, predefinedId: undefined, type: undefined, isActive: true,
  });
});

define('WAWebLabelCollection', (require, exports) => {
  const { BaseCollection } = require('WAWebBaseCollection');

  class LabelCollectionImpl extends BaseCollection {
    /** Ends at once, as on WhatsApp Web, which shows a toast: the labels of the chats change once the server has it. */
    addOrRemoveLabels(labels, chats) {
      require('SandboxActs').act('label.assign', { labels, chats: chats.map(({ id }) => String(id)) })
        .then(() => this.addOrRemoveLabelsMD(labels, chats), (error) => console.warn('labels were not changed', error));
    }

    addOrRemoveLabelsMD(labels, chats) {
      const utils = require('WAWebBizLabelUtils'); // through its exports: scripts listen by replacing them
      for (const { id, type } of labels) {
        for (const chat of chats) {
          if (type === 'add') utils.addToLabelCollection(String(chat.id), [id], 'Chat');
          else utils.removeLabelFromCollection(String(chat.id), id, 'Chat');
        }
      }
    }

    getLabelsForModel(id, type) {
      const { createLabelItemId } = require('WAWebBizLabelUtils');
      return this.filter((label) => label.labelItemCollection.get(createLabelItemId(id, label.id, type))).map(({ id: one }) => one);
    }

    getNextAvailableColor() { return (this.length % 19) + 1; }
  }
  exports.LabelCollection = new LabelCollectionImpl();
});

define('WAWebBizLabelUtils', (require, exports) => {
  const itemsOf = (id) => require('WAWebLabelCollection').LabelCollection.get(id)?.labelItemCollection;
  Object.assign(exports, {
    createLabelItemId: (parentId, labelId, type) => `${parentId}_${labelId}_${type}`,
    addToLabelCollection(parentId, ids, parentType) {
      const LabelItem = require('WAWebLabelItemModel').default;
      for (const labelId of ids) {
        itemsOf(labelId)?.add(new LabelItem({ id: exports.createLabelItemId(parentId, labelId, parentType), labelId, parentId, parentType }));
      }
    },
    removeLabelFromCollection(parentId, labelId, type) {
      itemsOf(labelId)?.remove(exports.createLabelItemId(parentId, labelId, type));
    },
  });
});

define('WAWebDBLabelDatabaseApi', (require, exports) => {
  exports.getNextLabelId = async () => 1 + Math.max(0, ...require('WAWebLabelCollection').LabelCollection.map(({ id }) => Number(id)));
});

define('WAWebBizLabelEditingAction', (require, exports) => {
  const { act } = require('SandboxActs');

  function put(id, name, colorIndex) {
    const { LabelCollection } = require('WAWebLabelCollection');
    const { Label } = require('WAWebLabelModel');
    const known = LabelCollection.get(id);
    if (known) known.set({ name, colorIndex });
    else LabelCollection.add(new Label({ id, name, colorIndex }));
  }

  exports.labelAddAction = async (name, color) => {
    const id = String(await require('WAWebDBLabelDatabaseApi').getNextLabelId());
    await act('label.edit', { id, name, color });
    put(id, name, color);
    return Number(id);
  };
  exports.labelEditAction = async (id, name, _predefined, color) => {
    await act('label.edit', { id, name, color });
    put(id, name, color);
  };

  async function forget(id) {
    await act('label.delete', { id });
    require('WAWebLabelCollection').LabelCollection.remove(id);
  }
  // Current builds take one object.
  exports.labelDeleteAction = page.classic
    ? async (id, _name, _color) => forget(id)
    : async ({ labelId }) => forget(labelId);
});

define('SandboxLabels', (require, exports) => {
  /** What the server keeps: {business, labels: {id: {id, name, color, chats}}}. */
  exports.keep = ({ business, labels = {} }) => {
    const { LabelCollection } = require('WAWebLabelCollection');
    const { Label } = require('WAWebLabelModel');
    const { ChatCollection } = require('WAWebChatCollection');
    require('WAWebConnModel').Conn.isSMB = Boolean(business);
    LabelCollection.remove(LabelCollection.filter(({ id }) => !(id in labels)));
    for (const { id, name, color, chats } of Object.values(labels)) {
      const known = LabelCollection.get(id) ?? LabelCollection.add(new Label({ id, name, colorIndex: color }));
      known.set({ name, colorIndex: color });
      const { lidPnCache } = require('WAWebApiContact');
      for (const chat of ChatCollection.filter((one) => chats.includes((lidPnCache.getPhoneNumber(one.id) ?? one.id).user) || chats.includes(String(one.id)))) {
        require('WAWebBizLabelUtils').addToLabelCollection(String(chat.id), [id], 'Chat');
      }
    }
  };
});
