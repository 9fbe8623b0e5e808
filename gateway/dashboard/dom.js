// Building the document. Rule: whatever comes from outside becomes text, never markup; no style is written inline.

/** An element; properties are attributes, or listeners where the name begins with `on`. Children may be nested. */
export function element(tag, properties = {}, ...children) {
  return filled(document.createElement(tag), properties, children);
}

/** The same of SVG. */
export function drawing(tag, properties = {}, ...children) {
  return filled(document.createElementNS('http://www.w3.org/2000/svg', tag), properties, children);
}

function filled(made, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? '' : String(value));
  }
  made.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

const drawn = new WeakMap();

/** Rebuilds what is in `region` where `what` differs from last time; the focus stays on what has the same id. */
export function draw(region, what, build) {
  const said = JSON.stringify([document.documentElement.lang, what]);
  if (drawn.get(region) === said) return;
  drawn.set(region, said);
  const focused = region.contains(document.activeElement) ? document.activeElement.id : '';
  region.replaceChildren(...[build()].flat(2).filter(Boolean));
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

/** Keeps one child a thing, by key and in order; only a child whose `what` has changed is built anew. */
export function drawEach(list, things, { key, what, build }) {
  const there = new Map([...list.children].map((child) => [child.dataset.key, child]));
  let place = list.firstElementChild;
  for (const thing of things) {
    const name = String(key(thing));
    let child = there.get(name);
    there.delete(name);
    if (!child) {
      child = element(list.tagName === 'TBODY' ? 'tr' : 'li', { 'data-key': name });
      list.insertBefore(child, place);
    } else if (child !== place) {
      list.insertBefore(child, place);
    } else {
      place = place.nextElementSibling;
    }
    draw(child, what(thing), () => build(thing));
  }
  for (const left of there.values()) left.remove();
}

/** A field with its label. */
export function field(label, input, hint) {
  return element('label', { class: 'field' }, element('span', {}, label), input, hint && element('small', {}, hint));
}

/** A button; `kind` is one of primary, quiet, danger. */
export function button(text, onclick, properties = {}) {
  return element('button', { type: 'button', onclick, ...properties }, text);
}
