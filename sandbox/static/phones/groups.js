// Groups on the phones page: what the phone that is chosen beside the chat does in them.

/** {form, one}: `form` is what makes a group; `one` draws a group, with what its members may do. */
export function groups({ act, element, talk }) {
  const people = (text) => text.split(/[\s,]+/).filter(Boolean);
  const does = (said, done, typed) => act(`/phones/${talk.elements.phone.value}/groups`, said, done, typed);

  const ACTS = {
    'Add': (group, text) => ({ act: 'add', group, participants: people(text) }),
    'Remove': (group, text) => ({ act: 'remove', group, participants: people(text) }),
    'Make admin': (group, text) => ({ act: 'promote', group, participants: people(text) }),
    'Make member': (group, text) => ({ act: 'demote', group, participants: people(text) }),
    'Let in': (group, text) => ({ act: 'answer', group, participants: people(text), approve: true }),
    'Rename': (group, text) => ({ act: 'subject', group, subject: text }),
    'Describe': (group, text) => ({ act: 'description', group, description: text }),
    'Leave': (group) => ({ act: 'leave', group }),
  };

  function one(group) {
    const choice = element('select', { id: `group-act-${group.id}`, ariaLabel: `Action in ${group.subject}` },
      ...Object.keys(ACTS).map((name) => element('option', {}, name)));
    const text = element('input', { id: `group-text-${group.id}`, ariaLabel: 'Numbers, or a text' });
    const go = element('button', { type: 'button', id: `group-go-${group.id}`, textContent: 'Apply' });
    go.onclick = () => does(ACTS[choice.value](group.id, text.value), `${group.subject}: ${choice.value}`, text);
    const roles = Object.entries(group.roles).map(([number, role]) => (role === 'member' ? number : `${number} (${role})`));
    const rules = [group.announce && 'only admins write', group.restrict && 'only admins change it', group.approval && 'admins let people in'];
    return element('article', {},
      element('h3', {}, group.subject),
      element('p', {}, [roles.join(', '), ...rules].filter(Boolean).join(' · ')),
      group.description ? element('p', {}, group.description) : null,
      group.asking.length ? element('p', {}, `Want to join: ${group.asking.join(', ')}`) : null,
      element('p', {}, 'Invite code ', element('code', {}, group.invite)),
      element('div', { className: 'buttons' }, choice, text, go));
  }

  function form(event) {
    event.preventDefault();
    const { subject, participants } = event.target.elements;
    does({ act: 'create', subject: subject.value, participants: people(participants.value) }, 'Group created', subject);
  }

  return { form, one };
}
