// The page /verify: reads two files on this machine and hands them to the verifier in
// WebAssembly. Nothing is sent anywhere; what is fetched is the verifier itself and, when
// the address names one, the bundle.
(() => {
  const form = document.getElementById("verify");
  if (!form || !window.WebAssembly) return;
  const words = form.dataset;
  const out = document.getElementById("outcome");
  const english = document.documentElement.lang === "en";
  const say = (x) => (english ? x.en : x.zh);
  let ready;

  function load() {
    ready ??= (async () => {
      const go = new Go();
      const r = await WebAssembly.instantiateStreaming(fetch(words.wasm), go.importObject);
      go.run(r.instance);
    })();
    return ready;
  }

  async function bytes(name) {
    const chosen = form.elements[name].files[0];
    if (chosen) return new Uint8Array(await chosen.arrayBuffer());
    const from = form.elements[name].dataset.from;
    if (!from) return null;
    const r = await fetch(from);
    if (!r.ok) throw new Error(words.missing);
    return new Uint8Array(await r.arrayBuffer());
  }

  function item(tag, text, kind) {
    const e = document.createElement(tag);
    if (text) e.textContent = text;
    if (kind) e.className = kind;
    return e;
  }

  function show(a) {
    out.replaceChildren();
    const head = item("p", a.error ? a.error : say(a), "state");
    out.append(item("h2", a.ok ? words.holds : words.broken, a.ok ? "holds" : "broken"), head);
    const s = a.statement;
    if (a.ok && s) {
      const facts = item("table", "", "table facts"), body = item("tbody");
      for (const [k, v] of [[words.name, a.name], [words.value, [s.value, s.unit].filter(Boolean).join(" ")], [words.period, s.period], [words.status, s.status],
        [words.issuer, s.issuer], [words.issued, s.issued], [words.seen, a.first_seen], [words.replayed, a.replayed]]) {
        if (!v) continue;
        const row = item("tr"), th = item("th", k);
        th.scope = "row";
        row.append(th, item("td", v));
        body.append(row);
      }
      facts.append(body);
      out.append(facts);
    }
    const list = item("ol", "", "checks");
    for (const c of a.checks || []) {
      const li = item("li", (c.ok ? "✓ " : "✗ ") + (c.subject ? c.subject + ": " : "") + (english ? c.en : c.zh), c.ok ? "" : "broken");
      list.append(li);
    }
    out.append(list);
  }

  form.addEventListener("submit", async (e) => {
    e.preventDefault();
    out.replaceChildren(item("p", words.working));
    try {
      const [file, policy] = [await bytes("bundle"), await bytes("policy")];
      if (!file || !policy) {
        out.replaceChildren(item("p", words.both, "broken"));
        return;
      }
      await load();
      show(JSON.parse(yuzhouVerify(file, new TextDecoder().decode(policy), form.elements.replay.checked)));
    } catch (err) {
      out.replaceChildren(item("p", words.failed + " " + err.message, "broken"));
    }
    out.focus();
  });
})();
