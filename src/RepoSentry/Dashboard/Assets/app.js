// Everything works without this file. With it pages move: an event stream tells that something happened, then the page's own address is read again
// and what differs is put in place, so that focus, scroll and open parts stay as they are.
(() => {
  'use strict';
  const words = document.body.dataset;
  const units = (words.units || '').split('|');
  const fill = (text, value) => text.replace('{0}', value);

  // What was said of an action is said once.
  if (words.at) history.replaceState(null, '', words.at); // a page that answers a form stands where the form stood: reading it again sends nothing again
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
      const text = Math.abs(seconds) < 1 || (seconds > 0 && 'due' in time.dataset) ? words.now : fill(seconds < 0 ? words.in : words.ago, span(Math.abs(seconds)));
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

  // Reading the page again. One that is not answered in time is as bad as one that fails.
  const readLimit = 10000;
  const state = document.getElementById('live-state');
  let paused = false, missed = 0, waiting = null, busy = false, again = false;
  let unread = false, cut = false, out = false, good = Date.now();
  const tell = () => {
    if (!state) return;
    const stale = unread || cut;
    lose(stale);
    state.hidden = false;
    state.className = 'live' + (out ? ' stale' : paused ? ' paused' : stale ? ' stale' : '');
    const text = out ? words.out : paused ? missed ? fill(words.pausedNew, missed) : words.paused : stale ? fill(words.stale, new Date(good + skew).toISOString().slice(11, 19) + ' UTC') : words.liveText;
    const place = state.querySelector('[data-text]');
    if (place.textContent !== text) place.textContent = text;
  };
  // A stream that is cut and comes back is no loss; one that stays away takes the colour from all that claims to be well.
  const patience = 3000;
  const lost = document.getElementById('out-of-touch');
  const lose = stale => {
    const is = out || (stale && Date.now() - good >= patience);
    if (!out && document.documentElement.classList.contains('lost') !== is) press(!is); // nobody answers: a form would lead away from what stands here
    document.documentElement.classList.toggle('lost', is);
    const text = !is ? '' : out ? words.signedOut : words.gone;
    const place = lost.querySelector('[data-text]');
    if (place.textContent !== text) place.textContent = text;
    const way = lost.querySelector('a');
    way.hidden = !out;
    way.href = '/sign-in?next=' + encodeURIComponent(location.pathname + location.search);
    lost.hidden = !is;
  };
  const stands = () => { if (unread || cut) setTimeout(tell, patience); else good = Date.now(); tell(); };
  const press = may => { for (const button of document.querySelectorAll('main form[method="post"] button')) button.disabled = !may; };
  const signedOut = () => { out = true; press(false); leave(); tell(); }; // a button would lead to the sign-in and do nothing
  const askWhoIAm = async () => { try { if ((await fetch('/api/v1/session', { credentials: 'same-origin', signal: AbortSignal.timeout(readLimit) })).status === 401) signedOut(); } catch { /* nobody answers: stale says it */ } };
  // What was said of an action holds until what it changed is changed again.
  const said = document.getElementById('said');
  const stood = document.querySelector('.head-side')?.textContent;
  const unsay = () => { if (said && document.querySelector('.head-side')?.textContent !== stood) said.remove(); };
  const refresh = async (force) => {
    waiting = null;
    const parts = [...document.querySelectorAll('[data-live]:not([data-live="off"])')];
    if (parts.length === 0 || (paused && !force) || document.hidden || out) return;
    if (busy) { again = true; return; }
    busy = true;
    try {
      const answer = await fetch(location.href, { headers: { 'X-RepoSentry-Part': 'live' }, credentials: 'same-origin', redirect: 'follow', signal: AbortSignal.timeout(readLimit) });
      if (answer.redirected) { signedOut(); busy = false; return; }
      if (!answer.ok) throw new Error(answer.status);
      const at = Date.parse(answer.headers.get('Date'));
      if (at) skew = Math.abs(at - Date.now()) > 2000 ? at - Date.now() : 0;
      const read = new DOMParser().parseFromString(await answer.text(), 'text/html');
      reveal(read);
      for (const part of parts) { const next = part.id && read.getElementById(part.id); if (next) morph(part, next); }
      unsay();
      sum();
      tick();
      unread = false;
    } catch { unread = true; }
    stands();
    busy = false;
    if (again) { again = false; soon(); }
  };
  const soon = () => { if (!waiting) waiting = setTimeout(refresh, 200); };

  // The stream. A browser has six connections for one server, so one page follows the stream and tells the others. Each second it says that it is there;
  // when it is silent the next page takes its place. Of two that began at once the one with the smaller number stays.
  const channel = new BroadcastChannel('reposentry');
  const me = Math.random();
  const silenceLimit = 40000; // the server says something each 15 s
  let leader = 0, led = 0, heard = 0, stream = null;
  const say = (news, fresh) => channel.postMessage({ from: me, cut, news, fresh });
  const hear = (isCut, news, fresh) => { cut = isCut; if (paused) missed += fresh; stands(); if (news) soon(); };
  const follow = async () => {
    const mine = leader = Math.random();
    for (let wait = 1000; leader === mine; wait = Math.min(30000, wait * 2)) {
      stream = new AbortController();
      heard = Date.now();
      try {
        const answer = await fetch('/api/v1/events/stream', { credentials: 'same-origin', signal: stream.signal });
        if (!answer.ok) throw new Error(answer.status);
        const reader = answer.body.getReader(), text = new TextDecoder();
        for (let part = await reader.read(), news = true; !part.done; part = await reader.read(), news = false) {
          [heard, wait] = [Date.now(), 500];
          const read = text.decode(part.value, { stream: true });
          const fresh = read.split('\nevent: event\n').length - 1;
          news = news || read.includes('event: '); // else it only says that it is there
          hear(false, news, fresh);
          say(news, fresh);
        }
      } catch { /* cut, like one that ends */ }
      if (leader !== mine) return;
      hear(true, false, 0);
      say(false, 0);
      askWhoIAm();
      await new Promise(done => setTimeout(done, wait));
    }
  };
  const leave = () => { if (leader) { leader = 0; stream.abort(); } };
  const keep = () => {
    if (document.hidden || out) return;
    if (!leader) { if (Date.now() - led > 3000) follow(); return; }
    if (Date.now() - heard > silenceLimit) stream.abort();
    say(false, 0);
  };
  const join = () => { led = Date.now() - 2500; channel.postMessage({ asks: true }); setTimeout(keep, 600); soon(); };
  if (state) {
    channel.onmessage = ({ data }) => {
      if (data.asks) { if (leader) say(false, 0); return; }
      if (leader && data.from > me) return;
      leave();
      led = Date.now();
      hear(data.cut, data.news, data.fresh);
    };
    join();
    setInterval(keep, 1000);
    setInterval(() => refresh(false), 5000); // what no event tells: looks, ages, budgets
    document.addEventListener('visibilitychange', () => { if (document.hidden) leave(); else { if (out) press(true); out = false; join(); } });
  }

  const pause = document.getElementById('pause-tail');
  if (pause) {
    pause.hidden = false;
    pause.addEventListener('click', () => {
      [paused, missed] = [!paused, 0];
      pause.setAttribute('aria-pressed', paused);
      pause.textContent = paused ? words.continue : words.pause;
      tell();
      if (!paused) soon();
    });
  }

  // Choosing all that the page shows
  const chosen = () => [...document.querySelectorAll('td.pick input')];
  const sum = () => {
    const all = document.getElementById('choose-all');
    if (!all) return;
    const [boxes, picked] = [chosen(), chosen().filter(box => box.checked)];
    all.checked = boxes.length > 0 && picked.length === boxes.length;
    all.indeterminate = picked.length > 0 && !all.checked;
  };
  document.addEventListener('change', change => {
    if (change.target.id === 'choose-all') for (const box of chosen()) box.checked = change.target.checked;
    if (change.target.closest('.all, .pick')) sum();
  });

  // Copying
  const announce = text => { document.getElementById('announce').textContent = text; };
  const reveal = root => { for (const needing of root.querySelectorAll('[data-copy], .all')) needing.hidden = false; };
  reveal(document);
  sum(); // a browser keeps what was chosen when the page is read again
  document.addEventListener('click', async click => {
    const button = click.target.closest('[data-copy]');
    if (button) {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      announce(words.copied);
      return;
    }
    for (const open of document.querySelectorAll('details.confirm[open]')) if (!open.contains(click.target)) open.open = false;
  });

  document.querySelector('nav a[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' }); // in a narrow window the entries stand in a row

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
