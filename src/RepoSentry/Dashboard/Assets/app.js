// Everything works without this file. With it pages move: an event stream tells that something happened, then the page's own address is read again
// and what differs is put in place, so that focus, scroll and open parts stay as they are.
(() => {
  'use strict';
  const words = document.body.dataset;
  const units = (words.units || '').split('|');
  const fill = (text, value) => text.replace('{0}', value);

  // What was said of an action is said once.
  const here = new URL(location.href);
  if (here.searchParams.has('said')) { here.searchParams.delete('said'); history.replaceState(null, '', here); }

  // Times
  const span = seconds => {
    const s = Math.max(0, seconds);
    const [value, unit] = s < 60 ? [s, 0] : s < 3600 ? [s / 60, 1] : s < 172800 ? [s / 3600, 2] : [s / 86400, 3];
    return fill(units[unit], Math.floor(value));
  };
  let skew = 0;
  const tick = () => {
    const now = Date.now() + skew;
    for (const time of document.querySelectorAll('time[data-rel]')) {
      const seconds = (now - Date.parse(time.dateTime)) / 1000;
      const text = Math.abs(seconds) < 1 ? words.now : fill(seconds < 0 ? words.in : words.ago, span(Math.abs(seconds)));
      if (time.textContent !== text) time.textContent = text;
    }
  };
  setInterval(tick, 1000);

  // Putting in place what differs
  const morph = (from, to) => {
    if (from.isEqualNode(to)) return;
    if (from.nodeType !== to.nodeType || from.nodeName !== to.nodeName || (from.id || '') !== (to.id || '')) { from.replaceWith(to.cloneNode(true)); return; }
    if (from.nodeType !== Node.ELEMENT_NODE) { from.nodeValue = to.nodeValue; return; }
    if (from.nodeName === 'TIME') { if (from.dateTime !== to.dateTime) { from.dateTime = to.dateTime; from.title = to.title; from.textContent = to.textContent; } return; }
    const keep = from.nodeName === 'DETAILS' && from.open;
    for (const { name } of [...from.attributes]) if (!to.hasAttribute(name) && !(keep && name === 'open')) from.removeAttribute(name);
    for (const { name, value } of to.attributes) if (from.getAttribute(name) !== value && !(name === 'class' && from.classList.contains('at'))) from.setAttribute(name, value);
    children(from, to);
  };
  const children = (from, to) => {
    const wanted = [...to.childNodes];
    const known = new Map([...from.children].filter(child => child.id).map(child => [child.id, child]));
    const names = new Set(wanted.map(child => child.id).filter(id => id));
    let place = from.firstChild;
    for (const next of wanted) {
      while (place && place.id && !names.has(place.id)) { const after = place.nextSibling; place.remove(); place = after; } // one that stays is not moved: it would lose the focus
      const same = next.id && known.get(next.id);
      if (same) {
        if (same !== place) from.insertBefore(same, place); else place = place.nextSibling;
        morph(same, next);
      } else if (next.id || !place || (place.id && place.nodeType === Node.ELEMENT_NODE)) {
        const added = next.cloneNode(true);
        from.insertBefore(added, place);
        if (added.nodeName === 'TR') added.classList.add('fresh-row');
      } else {
        const after = place.nextSibling;
        morph(place, next);
        place = after;
      }
    }
    while (place) { const after = place.nextSibling; place.remove(); place = after; }
  };

  // Reading the page again
  const state = document.getElementById('live-state');
  let paused = false, stale = null, out = false, waiting = null, busy = false, again = false;
  const tell = () => {
    if (!state) return;
    lose();
    state.hidden = false;
    state.className = 'live' + (out ? ' stale' : paused ? ' paused' : stale ? ' stale' : '');
    state.querySelector('[data-text]').textContent = out ? words.out : paused ? words.paused : stale ? fill(words.stale, stale.toLocaleTimeString([], { hour12: false })) : words.liveText;
  };
  // A stream that is cut and comes back is no loss; one that stays away takes the colour from all that claims to be well.
  const patience = 3000;
  const lost = document.getElementById('out-of-touch');
  const lose = () => {
    const is = out || (!!stale && Date.now() - stale >= patience);
    document.documentElement.classList.toggle('lost', is);
    lost.querySelector('[data-text]').textContent = !is ? '' : out ? words.signedOut : words.gone;
    const way = lost.querySelector('a');
    way.hidden = !out;
    way.href = '/sign-in?next=' + encodeURIComponent(location.pathname + location.search);
    lost.hidden = !is;
  };
  const signedOut = () => { out = true; clearTimeout(retry); if (source) source.close(); tell(); };
  const askWhoIAm = async () => { try { if ((await fetch('/api/v1/session', { credentials: 'same-origin' })).status === 401) signedOut(); } catch { /* nobody answers: stale says it */ } };
  // What was said of an action holds until what it changed is changed again.
  const said = document.getElementById('said');
  const stood = document.querySelector('.head-side')?.textContent;
  const unsay = () => { if (said && document.querySelector('.head-side')?.textContent !== stood) said.remove(); };
  const isStale = yes => { if (yes !== !!stale) { stale = yes ? new Date() : null; tell(); if (yes) setTimeout(tell, patience); } };
  const refresh = async (force) => {
    waiting = null;
    const parts = [...document.querySelectorAll('[data-live]:not([data-live="off"])')];
    if (parts.length === 0 || (paused && !force) || document.hidden || out) return;
    if (busy) { again = true; return; }
    busy = true;
    try {
      const answer = await fetch(location.href, { headers: { 'X-RepoSentry-Part': 'live' }, credentials: 'same-origin', redirect: 'follow' });
      if (answer.redirected) { signedOut(); busy = false; return; }
      if (!answer.ok) throw new Error(answer.status);
      const at = Date.parse(answer.headers.get('Date'));
      if (at) skew = Math.abs(at - Date.now()) > 2000 ? at - Date.now() : 0;
      const read = new DOMParser().parseFromString(await answer.text(), 'text/html');
      reveal(read);
      for (const part of parts) { const next = part.id && read.getElementById(part.id); if (next) morph(part, next); }
      unsay();
      tick();
      if (source && source.readyState === EventSource.OPEN) isStale(false);
    } catch { isStale(true); }
    busy = false;
    if (again) { again = false; soon(); }
  };
  const soon = () => { if (!waiting) waiting = setTimeout(refresh, 200); };

  // The stream, with longer and longer waits between tries
  let source = null, wait = 1000;
  let retry = null;
  const follow = () => {
    clearTimeout(retry);
    source = new EventSource('/api/v1/events/stream');
    for (const kind of ['event', 'status', 'refresh']) source.addEventListener(kind, soon);
    source.onopen = () => { wait = 1000; isStale(false); tell(); soon(); };
    source.onerror = () => {
      isStale(true);
      askWhoIAm();
      if (source.readyState !== EventSource.CLOSED) source.close();
      retry = setTimeout(follow, wait);
      wait = Math.min(30000, wait * 2);
    };
  };
  const isLive = !!state;
  if (isLive) {
    follow();
    setInterval(() => refresh(false), 5000); // what no event tells: looks, ages, budgets
    // A browser has few connections for one server: a page that nobody sees gives its own back.
    document.addEventListener('visibilitychange', () => { clearTimeout(retry); if (document.hidden) source.close(); else { out = false; follow(); } });
  }

  const pause = document.getElementById('pause-tail');
  if (pause) {
    pause.hidden = false;
    pause.addEventListener('click', () => {
      paused = !paused;
      pause.setAttribute('aria-pressed', paused);
      pause.textContent = paused ? words.continue : words.pause;
      tell();
      if (!paused) soon();
    });
  }

  // Copying
  const announce = text => { document.getElementById('announce').textContent = text; };
  const reveal = root => { for (const button of root.querySelectorAll('[data-copy]')) button.hidden = false; };
  reveal(document);
  document.addEventListener('click', async click => {
    const button = click.target.closest('[data-copy]');
    if (button) {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      announce(words.copied);
      return;
    }
    for (const open of document.querySelectorAll('details.confirm[open]')) if (!open.contains(click.target)) open.open = false;
  });

  // Keys
  const help = document.getElementById('keys');
  const show = document.getElementById('show-keys');
  if (show) { show.hidden = false; show.addEventListener('click', () => help.showModal()); }
  const places = { f: '/', r: '/repositories', e: '/events', t: '/triggers' };
  let went = 0;
  const move = step => {
    const rows = [...document.querySelectorAll('main .row-link')];
    if (rows.length === 0) return;
    const at = rows.indexOf(document.activeElement);
    rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? 0 : at + step))].focus();
  };
  document.addEventListener('focusin', focus => {
    for (const row of document.querySelectorAll('tr.at')) row.classList.remove('at');
    focus.target.closest?.('tbody tr')?.classList.add('at');
  });
  document.addEventListener('keydown', key => {
    if (key.key === 'Escape') { for (const open of document.querySelectorAll('details.confirm[open]')) { open.open = false; open.querySelector('summary').focus(); } }
    if (key.ctrlKey || key.metaKey || key.altKey || key.target.closest('input, textarea, select')) return;
    const now = Date.now();
    if (now - went < 3000 && places[key.key] && state) { went = 0; location.href = places[key.key]; return; }
    went = key.key === 'g' ? now : 0;
    if (key.key === '?') help.showModal();
    else if (key.key === '/') { const search = document.getElementById('search'); if (search) { key.preventDefault(); search.focus(); search.select(); } }
    else if (key.key === 'j') move(1);
    else if (key.key === 'k') move(-1);
    else if (key.key === 'r') refresh(true);
  });
  tell();
})();
