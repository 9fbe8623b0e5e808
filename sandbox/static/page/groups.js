'use strict';
// Groups: their metadata as the page keeps it, and what a member or an admin does with them.
// Current builds and older ones differ in the arguments of some functions; each generation takes its own.

define('WAWebBackendErrors', (_require, exports) => {
  /** A refusal by WhatsApp's server. Its text may be empty. */
  exports.ServerStatusCodeError = class ServerStatusCodeError extends Error {
    constructor(status, text) {
      super(text ?? '');
      this.name = 'ServerStatusCodeError';
      this.status = this.statusCode = status;
    }
  };
});

define('WAWebMiscErrors', (_require, exports) => {
  /** What the page itself does not let its user do. */
  exports.ActionError = class ActionError extends Error {
    constructor(text) {
      super(text ?? '');
      this.name = 'ActionError';
    }
  };
});

define('SandboxActs', (require, exports) => {
  /** Asks the server for an act; rejects with its refusal. */
  exports.act = async (name, said = {}) => {
    const { error, ...answer } = await require('SandboxConnection').ask({ op: 'act', act: name, ...said });
    if (error) throw new (require('WAWebBackendErrors').ServerStatusCodeError)(error);
    return answer;
  };
});

define('WAWebGroupConstants', (_require, exports) => {
  exports.GROUP_SETTING_TYPE = {
    ANNOUNCEMENT: 'announcement', RESTRICT: 'restrict', NO_FREQUENTLY_FORWARDED: 'no_frequently_forwarded',
    EPHEMERAL: 'ephemeral', MEMBERSHIP_APPROVAL_MODE: 'membership_approval_mode', MEMBER_ADD_MODE: 'member_add_mode',
  };
});

define('WAWebGroupParticipantModel', (require, exports) => {
  const { BaseModel, defineModel } = require('WAWebBaseModel');
  class Participant extends BaseModel {
    get contact() { return require('WAWebContactCollection').ContactCollection.get(this.id); }
  }
  exports.default = defineModel(Participant, 'participant', { id: undefined, isAdmin: false, isSuperAdmin: false });
});

define('WAWebGroupParticipantCollection', (require, exports) => {
  const { BaseCollection } = require('WAWebBaseCollection');
  const isMe = (wid) => require('WAWebUserPrefsMeUser').isMeAccount(wid);

  exports.default = class ParticipantCollection extends BaseCollection {
    constructor(parent) {
      super();
      Object.defineProperty(this, 'parent', { value: parent });
    }

    me() { return this.findFirst(({ id }) => isMe(id)); }
    iAmMember() { return Boolean(this.me()); }
    iAmAdmin() { return Boolean(this.me()?.isAdmin); }
    iAmSuperAdmin() { return Boolean(this.me()?.isSuperAdmin); }
    iAmRestrictedMember() { return this.iAmMember() && !this.iAmAdmin() && Boolean(this.parent.restrict); }
    canAdd() { return this.iAmAdmin() || (this.iAmMember() && this.parent.memberAddMode === 'all_member_add'); }
    canPromote(one) { return this.iAmAdmin() && Boolean(one) && !isMe(one.id) && !one.isAdmin; }
    canDemote(one) { return this.iAmAdmin() && Boolean(one?.isAdmin) && !isMe(one.id) && !one.isSuperAdmin; }
    canRemove(one) { return this.iAmAdmin() && Boolean(one) && !isMe(one.id); }
    getAdmins() { return this.filter(({ isAdmin }) => isAdmin); }
    getSuperAdmin() { return this.findFirst(({ isSuperAdmin }) => isSuperAdmin); }
  };
});

define('WAWebGroupMetadataModel', (require, exports) => {
  const { BaseModel, defineModel } = require('WAWebBaseModel');
  const Participants = require('WAWebGroupParticipantCollection').default;
  class GroupMetadata extends BaseModel {
    constructor(values) {
      super(values);
      Object.defineProperties(this, {
        participants: { value: new Participants(this) },
        pastParticipants: { value: new Participants(this) },
      });
    }

    get groupType() { return 'DEFAULT'; }
    canSetSubject() { return this.restrict ? this.participants.iAmAdmin() : this.participants.iAmMember(); }
    canSetDescription() { return this.canSetSubject(); }
    canSetGroupProperty() { return this.participants.iAmAdmin(); }
    canSetEphemeralSetting() { return this.canSetSubject(); }
  }
  exports.default = defineModel(GroupMetadata, 'groupMetadata', {
    id: undefined, subject: undefined, desc: undefined, descId: undefined, owner: undefined, creation: undefined,
    announce: false, restrict: false, ephemeralDuration: 0, membershipApprovalMode: false, memberAddMode: undefined,
    isLidAddressingMode: false, isParentGroup: false, size: undefined, stale: true,
  });
});

define('WAWebGroupMetadataCollection', (require, exports) => {
  const { BaseCollection } = require('WAWebBaseCollection');
  const { createWid } = require('WAWebWidFactory');

  class GroupMetadataCollectionImpl extends BaseCollection {
    _handleParentGroupChange() {}

    /** Asks the server while what is known is stale. Of a group that it refuses to tell of, nothing but the id is known. */
    async find(id) {
      const wid = createWid(String(id));
      const known = this.get(wid);
      if (known && !known.stale) return known;
      try {
        const { group } = await require('SandboxActs').act('group.info', { group: String(wid) });
        return require('SandboxGroups').keep(group);
      } catch (error) {
        if (!error.status) throw error;
        return require('SandboxGroups').unknown(wid);
      }
    }
  }
  exports.default = new GroupMetadataCollectionImpl();
});

define('SandboxGroups', (require, exports) => {
  const { createWid } = require('WAWebWidFactory');
  const Collection = require('WAWebGroupMetadataCollection').default;
  const { addressOf } = require('SandboxAddressBook');

  function model(wid) {
    const GroupMetadata = require('WAWebGroupMetadataModel').default;
    const known = Collection.get(wid) ?? new GroupMetadata({ id: wid });
    Collection.add(known);
    return known;
  }

  function settled(metadata) {
    metadata.stale = false;
    require('WAWebChatCollection').ChatCollection.get(metadata.id)?.trigger('change:groupMetadata.stale');
    return metadata;
  }

  exports.unknown = (wid) => settled(model(wid));

  /** What the server says of a group, in the page's own models. */
  exports.keep = (told) => {
    const Participant = require('WAWebGroupParticipantModel').default;
    const metadata = model(createWid(told.chat));
    const { participants } = metadata;
    const members = told.members.map(({ role, ...person }) => (
      { id: addressOf(person), isAdmin: role !== 'member', isSuperAdmin: role === 'superadmin' }));
    participants.remove(participants.filter(({ id }) => !members.some((one) => one.id.equals(id))));
    for (const one of members) (participants.get(one.id) ?? participants.add(new Participant(one))).set(one);
    metadata.set({
      subject: told.subject,
      desc: told.description || undefined,
      descId: told.description_id ?? undefined,
      owner: addressOf(told.owner),
      creation: Math.floor(told.creation),
      announce: told.announce,
      restrict: told.restrict,
      ephemeralDuration: told.ephemeral,
      membershipApprovalMode: told.approval,
      memberAddMode: told.everybody_adds ? 'all_member_add' : 'admin_add',
      isLidAddressingMode: Boolean(require('SandboxLogin').login()?.lids),
      size: members.length,
    });
    return settled(metadata);
  };

  const ACTIONS = { add: 'add', invite: 'add', remove: 'remove', leave: 'remove', promote: 'promote', demote: 'demote' };

  /** A notice that has come in: what it says of the group, and, where members are concerned, the page's own action. */
  exports.heard = ({ notice, author, author_lid: lid, chat: id, t }) => {
    const metadata = exports.keep(notice.group);
    const chat = require('WAWebChatCollection').ChatCollection.get(metadata.id);
    chat.set({ name: metadata.subject, isReadOnly: !metadata.participants.iAmMember() });
    const actionType = ACTIONS[notice.subtype];
    if (!actionType) return;
    // Through the module's exports: scripts listen by replacing it.
    require('WAWebUpdateDbForGroupActionApi').updateDBForGroupAction(
      { chatId: createWid(id), author: addressOf({ chat: author, lid }), ts: t },
      { actionType, reason: notice.reason, participants: notice.people.map((person) => ({ id: addressOf(person) })) });
  };

  /** A person of the server's answer as the page's functions give it. */
  exports.result = ({ code, invite_code: invite, invite_until: until, ...person }) => ({
    userWid: person.lid ? addressOf(person) : createWid(person.chat), // without a LID: whatever was asked for
    code: String(code),
    invite_code: invite ?? null,
    invite_code_exp: until ? String(until) : null,
  });
});

define('WAWebUpdateDbForGroupActionApi', (_require, exports) => {
  exports.updateDBForGroupAction = async () => {};
});

define('WAWebGroupCreateJob', (require, exports) => {
  exports.GroupAlreadyExistsError = class GroupAlreadyExistsError extends Error {};

  /**
   * Current builds take `announce` and `restrict` as what everybody may do: true asks for a group without the rule. Older
   * ones are taken at their word here.
   */
  exports.createGroup = async (options, participants) => {
    const rule = (asked) => (page.classic ? Boolean(asked) : !asked);
    const { group, results } = await require('SandboxActs').act('group.create', {
      subject: options.title,
      ephemeral: options.ephemeralDuration,
      announce: rule(options.announce),
      restrict: rule(options.restrict),
      approval: options.membershipApprovalMode,
      everybody_adds: options.memberAddMode,
      participants: participants.map((one) => String(one.lid ?? one.phoneNumber ?? one)),
    });
    const { result, keep } = require('SandboxGroups');
    const { id } = keep(group);
    require('SandboxAddressBook').chatWith(group);
    return {
      wid: id,
      subject: options.title,
      participants: results.map(result).map(({ userWid, code, ...more }) => (
        { wid: userWid, error: code === '200' ? null : Number(code), ...more })),
    };
  };
});

define('WAWebGroupModifyParticipantsJob', (require, exports) => {
  const ask = (act, group, addresses) =>
    require('SandboxActs').act(`group.${act}`, { group: String(group), participants: addresses.map(String) })
      .then(({ results }) => ({ status: 207, participants: results.map(require('SandboxGroups').result) }));
  Object.assign(exports, {
    addGroupParticipants: (group, people) => ask('add', group, people.map((one) => one.lid ?? one.phoneNumber ?? one)),
    removeGroupParticipants: (group, wids) => ask('remove', group, wids),
    promoteGroupParticipants: (group, wids) => ask('promote', group, wids),
    demoteGroupParticipants: (group, wids) => ask('demote', group, wids),
  });
});

define('WAWebModifyParticipantsGroupAction', (require, exports) => {
  const job = require('WAWebGroupModifyParticipantsJob');

  const action = (allowed, act) => async (chat, participants) => {
    const members = chat.groupMetadata?.participants;
    const { ActionError } = require('WAWebMiscErrors');
    if (!members || participants.some((one) => !members[allowed](one))) throw new ActionError();
    await act(chat.id, participants.map(({ id }) => id));
  };
  const noCommunities = async () => { throw new Error('communities are not part of the sandbox'); };

  Object.assign(exports, {
    addParticipants: action('canAdd', (id, wids) => job.addGroupParticipants(id, wids)),
    removeParticipants: action('canRemove', (id, wids) => job.removeGroupParticipants(id, wids)),
    promoteParticipants: action('canPromote', (id, wids) => job.promoteGroupParticipants(id, wids)),
    demoteParticipants: action('canDemote', (id, wids) => job.demoteGroupParticipants(id, wids)),
    promoteCommunityParticipants: noCommunities,
    demoteCommunityParticipants: noCommunities,
  });
});

define('WAWebExitGroupAction', (require, exports) => {
  /** What the server refuses ends in false, and no error. */
  exports.sendExitGroup = async (chat) => {
    try {
      await require('SandboxActs').act('group.leave', { group: String(chat.id) });
    } catch (error) {
      if (error.status) return false;
      throw error;
    }
    return true;
  };
});

define('WAWebGroupModifyInfoJob', (require, exports) => {
  const { act } = require('SandboxActs');
  exports.setGroupSubject = async (group, subject) => { await act('group.subject', { group: String(group), subject }); };
  exports.setGroupProperty = async (group, name, value) => {
    await act('group.property', { group: String(group), name, value });
  };
  exports.setGroupDescription = page.classic
    ? async (group, description, id, _previous) => { await act('group.description', { group: String(group), description, id }); }
    : async ({ groupWid, desc, newDescId }) => {
      await act('group.description', { group: groupWid.toString(), description: desc ?? '', id: newDescId });
    };
});

define('WAWebMexFetchGroupInviteCodeJob', (require, exports) => {
  exports.fetchMexGroupInviteCode = async (group) => (await require('SandboxActs').act('group.invite', { group: String(group) })).code;
});

define('WAWebGroupInviteJob', (require, exports) => {
  const { act } = require('SandboxActs');
  exports.resetGroupInviteCode = (group) => act('group.revoke', { group: String(group) });
  exports.joinGroupViaInvite = async (code) => {
    const { group, pending } = await act('group.join', { code });
    const { keep } = require('SandboxGroups');
    if (!pending) require('SandboxAddressBook').chatWith(group);
    return { gid: pending ? require('WAWebWidFactory').createWid(group.chat) : keep(group).id };
  };
});

define('SandboxGroupInfo', (require, exports) => {
  const { addressOf } = require('SandboxAddressBook');

  /** What the server says of a group, as the page's queries give it. */
  exports.of = (told) => ({
    id: require('WAWebWidFactory').createWid(told.chat),
    subject: told.subject,
    desc: told.description || undefined,
    owner: addressOf(told.owner),
    creation: Math.floor(told.creation),
    announce: told.announce,
    restrict: told.restrict,
    ephemeralDuration: told.ephemeral,
    membershipApprovalMode: told.approval,
    size: told.members.length,
    participants: told.members.map(({ role, ...person }) => (
      { id: addressOf(person), isAdmin: role !== 'member', isSuperAdmin: role === 'superadmin' })),
  });
});

define('WAWebGroupQueryBridge', (require, exports) => {
  exports.sendQueryGroupInvite = async (code) => {
    const { group } = await require('SandboxActs').act('group.invited', { code });
    return { status: 200, groupInfo: require('SandboxGroupInfo').of(group) };
  };
});

define('WAWebGroupQueryJob', (require, exports) => {
  /** Every group the account is in. The page's own models stay as they are. */
  exports.queryAllGroups = async () => {
    const { groups } = await require('SandboxActs').act('group.all');
    return groups.map(require('SandboxGroupInfo').of);
  };
});

define('WAWebApiMembershipApprovalRequestStore', (require, exports) => {
  const { addressOf } = require('SandboxAddressBook');

  exports.getMembershipApprovalRequests = async (group) => {
    const { requests } = await require('SandboxActs').act('group.requests', { group: String(group) });
    return requests.map(({ t, ...person }) => {
      const id = addressOf(person);
      return { id, t, addedBy: id, requestMethod: 'InviteLink', parentGroupId: undefined };
    });
  };
});

define('WAWebGroupMembershipRequestsActionJob', (require, exports) => {
  exports.MembershipApprovalRequestAction = { Approve: 'Approve', Reject: 'Reject' };

  /** Current builds take people as {lid, phoneNumber}; older ones, addresses. */
  exports.membershipApprovalRequestAction = async (group, people, action) => {
    const address = (one) => (page.classic ? one : one.lid ?? one.phoneNumber).toJid().replace('@s.whatsapp.net', '@c.us');
    const { results } = await require('SandboxActs').act('group.answer', {
      group: String(group), participants: people.map(address), approve: action === 'Approve',
    });
    return results.map(require('SandboxGroups').result).map(({ userWid, code }) => (
      { wid: userWid, error: code === '200' ? undefined : { code } }));
  };
});
