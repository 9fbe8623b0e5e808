// Orders about groups. Participants of groups are hidden numbers on current accounts; wa-js finds them by number too.
(function (page) {
  'use strict';
  const { wa, cut, addresses, chatOf, TEXT } = page;
  const LINK = 'https://chat.whatsapp.com/';

  const refusal = (code, message) => Object.assign(new Error(message ?? code), { code });
  const wid = (address) => wa().WidFactory.createWid(String(address));
  const person = (address) => ({ id: cut(address), ...addresses(wid(address)) });
  const role = ({ isAdmin, isSuperAdmin }) => (isSuperAdmin ? 'superadmin' : isAdmin ? 'admin' : 'participant');
  const member = (one) => ({ ...person(one.id), role: role(one) });

  /** The chat of a group; null where there is none. wa-js reads the group's metadata with it, and makes a missing chat. */
  async function found(group) {
    try {
      return await window.WPP.chat.find(group);
    } catch (error) {
      if (/chat not found|not found in ChatStore/.test(error?.message)) return null;
      throw error;
    }
  }

  const isIn = (chat) => Boolean(chat?.groupMetadata?.participants.iAmMember());

  /** The same of a group that the account is in. */
  async function joined(group) {
    const chat = await found(group);
    if (!isIn(chat)) throw refusal('group_not_member');
    return chat;
  }

  /** The same, where only an admin may do what is asked. */
  async function led(group) {
    const chat = await joined(group);
    if (!chat.groupMetadata.participants.iAmAdmin()) throw refusal('group_you_are_not_admin');
    return chat;
  }

  const described = (metadata, participants) => ({
    id: cut(metadata.id),
    subject: cut(metadata.subject),
    description: metadata.desc ? cut(metadata.desc, TEXT) : null,
    owner: metadata.owner ? cut(metadata.owner) : null,
    created: Number(metadata.creation) || null,
    size: participants.length,
    messages_admins_only: Boolean(metadata.announce),
    info_admins_only: Boolean(metadata.restrict),
    approval: Boolean(metadata.membershipApprovalMode),
    disappearing: Number(metadata.ephemeralDuration) || 0,
    participants: participants.map(member),
  });
  const told = ({ groupMetadata }) => described(groupMetadata, groupMetadata.participants.getModelsArray());

  const ASKED_AGAIN = 60_000; // ms after which the server is asked for all groups again
  let asked = null; // {at, groups}: what it has answered

  /**
   * Every group that the account is in. The page has no chat of a group where nothing was said, and its metadata is stale
   * until somebody looks; wa-js's list asks for each group's. The server tells all of them at once.
   */
  async function every() {
    if (!asked || performance.now() - asked.at > ASKED_AGAIN) {
      asked = { at: performance.now(), groups: await wa().functions.queryAllGroups() };
    }
    const chats = await window.WPP.chat.list({ onlyGroups: true, ignoreGroupMetadata: true });
    const current = chats.map(({ groupMetadata }) => groupMetadata).filter((metadata) => metadata?.stale === false);
    const known = new Set(current.map(({ id }) => String(id)));
    return [
      ...current.filter(({ participants }) => participants.iAmMember()).map((one) => described(one, one.participants.getModelsArray())),
      ...asked.groups.filter(({ id }) => !known.has(String(id))).map(listed),
    ];
  }

  /** What the server says of a group, of a big one perhaps without its members. */
  const listed = ({ participants = [], ...info }) => (
    { ...described(info, participants), size: Number(info.size) || participants.length });

  /** wa-js's answer for each person, by address. */
  const admissions = (byAddress) => Object.values(byAddress).map((one) => ({
    ...person(one.wid), code: one.code, invite_code: one.invite_code ?? null, invite_until: one.invite_code_exp ?? null,
  }));

  /**
   * Sets the description through WhatsApp's own function, for wa-js 4.6.0 passes its arguments one by one: since 2026 it
   * takes them as one object (WAWebGroupModifyInfoJob of release 2.3000.1044822804).
   */
  async function describe(chat, text) {
    const { sendSetGroupDescription: set, randomMessageId } = wa().functions;
    const metadata = chat.groupMetadata;
    if (!metadata.canSetDescription()) throw refusal('you_are_not_allowed_set_group_description');
    const id = await randomMessageId();
    if (set.length === 1) {
      await set({ groupWid: chat.id, desc: text || null, newDescId: id, prevDescId: metadata.descId });
    } else {
      await set(chat.id, text, id, metadata.descId);
    }
    metadata.descId = id;
    metadata.desc = text;
  }

  /** A person as both kinds of builds take it: an address, and an object of both addresses. */
  function applicant(address) {
    const id = wid(address);
    const known = addresses(id);
    return Object.create(id, {
      lid: { value: known.lid ? wid(known.lid) : undefined },
      phoneNumber: { value: known.phone ? wid(`${known.phone}@c.us`) : undefined },
    });
  }

  const RULES = {
    messages_admins_only: (chat, value) => window.WPP.group.setProperty(chat.id, 'announcement', value),
    info_admins_only: (chat, value) => window.WPP.group.setProperty(chat.id, 'restrict', value),
    approval: (chat, value) => wa().functions.sendSetGroupProperty(chat.id, 'membership_approval_mode', value ? 1 : 0),
    disappearing: (chat, value) => window.WPP.group.setProperty(chat.id, 'ephemeral', value),
  };

  /** Does steps in turn. A refusal after the first of them says what was done. */
  async function inTurn(steps) {
    const done = [];
    for (const [name, step] of steps) {
      try {
        await step();
      } catch (error) {
        if (!done.length) throw error;
        throw refusal(error.code ?? error.status, `Partly done: ${done.join(', ')} yes, ${name} not (${error.message || error.status})`);
      }
      done.push(name);
    }
  }

  /** WhatsApp's own function ends in false where the server refuses. */
  async function leave(chat) {
    if ((await window.WPP.group.leave(chat.id)) === false) throw refusal('403');
  }

  const invite = (code) => ({ code: cut(code), link: `${LINK}${cut(code)}` });

  return {
    listGroups: async ({ limit, offset, participants }) => {
      const groups = await every();
      const name = ({ subject }) => subject ?? '';
      groups.sort((one, other) => name(one).localeCompare(name(other)) || one.id.localeCompare(other.id));
      const some = groups.slice(offset, offset + limit);
      return { groups: participants ? some : some.map((one) => ({ ...one, participants: [] })), total: groups.length };
    },

    getGroup: async ({ group }) => told(await joined(group)),
    listParticipants: async ({ group }) => ({ participants: told(await joined(group)).participants }),

    getInvite: async ({ group }) => invite(await window.WPP.group.getInviteCode((await led(group)).id)),
    revokeInvite: async ({ group }) => invite(await window.WPP.group.revokeInviteCode((await led(group)).id)),

    getInvitedGroup: async ({ code }) => {
      return listed(await window.WPP.group.getGroupInfoFromInviteCode(code));
    },

    /** Of a group that the page has no chat of, only the server knows that the account is in it: it answers 409. */
    joinGroup: async ({ code }) => {
      try {
        const { id, pendingApproval } = await window.WPP.group.join(code);
        return { id: cut(id), pending: Boolean(pendingApproval) };
      } catch (error) {
        if (error.status !== 409) throw error;
        return { id: cut((await window.WPP.group.getGroupInfoFromInviteCode(code)).id), pending: false };
      }
    },

    /** wa-js asks for both rules; whether a build takes that as "for admins only" differs, so it is read and mended. */
    createGroup: async ({ subject, participants }) => {
      let created;
      try {
        created = await window.WPP.group.create(subject, participants);
      } catch (error) {
        if (error.code !== 'participant_not_exists') throw error;
        throw refusal(error.code, `${cut(error.id)} is not on WhatsApp: no group was made`);
      }
      const chat = await joined(created.gid);
      const { announce, restrict } = chat.groupMetadata;
      if (announce) await RULES.messages_admins_only(chat, false);
      if (restrict) await RULES.info_admins_only(chat, false);
      return {
        group: { ...told(chat), messages_admins_only: false, info_admins_only: false },
        participants: admissions(created.participants),
      };
    },

    addParticipants: async ({ group, participants }) => {
      const chat = await joined(group);
      return { participants: admissions(await window.WPP.group.addParticipants(chat.id, participants)) };
    },

    removeParticipants: async ({ group, participants }) => {
      await window.WPP.group.removeParticipants((await led(group)).id, participants);
    },

    changeAdmins: async ({ group, participants, admin }) => {
      const chat = await led(group);
      const { participants: found } = await window.WPP.group.ensureGroupAndParticipants(chat.id, participants);
      const others = found.filter((one) => Boolean(one.isAdmin) !== admin).map(({ id }) => id);
      if (!others.length) return;
      await window.WPP.group[admin ? 'promoteParticipants' : 'demoteParticipants'](chat.id, others);
    },

    changeGroup: async ({ group, subject, description }) => {
      const chat = await joined(group);
      await inTurn([
        ['subject', () => window.WPP.group.setSubject(chat.id, subject), subject],
        ['description', () => describe(chat, description), description],
      ].filter(([, , value]) => value !== null));
    },

    changeGroupSettings: async ({ group, ...rules }) => {
      const chat = await led(group);
      const wanted = Object.entries(RULES).filter(([name]) => rules[name] !== null);
      await inTurn(wanted.map(([name, act]) => [name, () => act(chat, rules[name])]));
    },

    getGroupPicture: async ({ group }) => ({ url: cut(await window.WPP.contact.getProfilePictureUrl((await joined(group)).id), TEXT) }),

    setGroupPicture: async ({ group, picture }) => {
      const { status } = await window.WPP.group.setIcon((await joined(group)).id, picture);
      if (status >= 300) throw refusal(status);
    },

    deleteGroupPicture: async ({ group }) => {
      if (!(await window.WPP.group.removeIcon((await joined(group)).id))) throw refusal('403');
    },

    leaveGroup: async ({ group }) => leave(await joined(group)),

    /** WhatsApp's own page offers it for groups alone that the account is out of. */
    deleteGroup: async ({ group, leave: wanted }) => {
      const chat = (await found(group)) ?? chatOf(group);
      const leaves = isIn(chat);
      if (leaves && !wanted) throw refusal('group_member');
      await inTurn([...(leaves ? [['leaving', () => leave(chat)]] : []), ['deleting', () => page.removeChat(chat)]]);
    },

    listJoinRequests: async ({ group }) => {
      const requests = await window.WPP.group.getMembershipRequests((await led(group)).id);
      return {
        requests: requests.map((one) => ({ ...person(one.id), method: cut(one.requestMethod), since: Number(one.t) || null })),
      };
    },

    /** Not through wa-js 4.6.0, which hands on addresses alone: current builds take both of a person's in one object. */
    answerJoinRequests: async ({ group, participants, approve }) => {
      const chat = await led(group);
      const { membershipApprovalRequestAction: answer } = wa().functions;
      const results = await answer(chat.id, participants.map(applicant), approve ? 'Approve' : 'Reject');
      const code = ({ error }) => (error ? Number(error.code ?? error.value?.error ?? 400) || 400 : 200);
      return { participants: results.map((one) => ({ ...person(one.wid), code: code(one) })) };
    },
  };
})
