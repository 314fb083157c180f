"use strict";
// The form is complete without script. With it: a column is pasted from a
// spreadsheet, the rules answer as one types, what was typed is kept on this
// machine while the server cannot be reached, and the time is counted for which
// the form was looked at.
(function () {
  var form = document.getElementById("collection-form");
  if (!form || !window.fetch) return;
  var id = form.dataset.request;
  var key = "yuzhou.collection." + id;
  var state = document.getElementById("collection-state");
  var inputs = Array.prototype.slice.call(form.querySelectorAll("input[name^='v:']"));
  function note(input) { return form.elements["n:" + input.name.slice(2)]; }
  function say(text) { if (state.textContent !== text) state.textContent = text; }

  // seconds for which the page was in view
  var seconds = 0;
  window.setInterval(function () { if (!document.hidden) seconds += 1; }, 1000);

  function values() {
    return inputs.map(function (x) {
      var cell = x.name.slice(2).split("@");
      return { indicator: cell[0], place: cell[1], value: x.value, note: note(x).value };
    });
  }

  // kept on this machine; newer than what the server has saved, it comes back
  function keep() {
    try { localStorage.setItem(key, JSON.stringify({ at: Date.now(), values: values() })); } catch (e) { /* full or forbidden: the server's draft remains */ }
  }
  function drop() { try { localStorage.removeItem(key); } catch (e) { /* forbidden */ } }
  function restore() {
    var kept;
    try { kept = JSON.parse(localStorage.getItem(key)); } catch (e) { return; }
    if (!kept || form.dataset.saved && Date.parse(form.dataset.saved) >= kept.at) return drop();
    var changed = false;
    kept.values.forEach(function (v) {
      var x = form.elements["v:" + v.indicator + "@" + v.place];
      if (!x || x.value === v.value && note(x).value === v.note) return;
      x.value = v.value;
      note(x).value = v.note;
      changed = true;
    });
    if (changed) { say(form.dataset.restored); check(); }
  }

  // the rules answer, half a second after the last key
  var timer = 0;
  function later() { keep(); window.clearTimeout(timer); timer = window.setTimeout(check, 500); }
  function check() {
    fetch("/api/v1/collection/requests/" + encodeURIComponent(id) + "/trial", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ values: values() })
    }).then(function (r) { return r.ok ? r.json() : null; }).then(function (v) {
      if (!v) return;
      if (state.textContent === form.dataset.offline) say("");
      show(v.findings || []);
    }).catch(function () { say(form.dataset.offline); });
  }
  function show(findings) {
    var of = {};
    findings.forEach(function (f) {
      var k = f.indicator + "@" + f.place;
      (of[k] = of[k] || []).push(f);
    });
    form.querySelectorAll(".findings").forEach(function (list) {
      var mine = of[list.dataset.key] || [];
      list.replaceChildren.apply(list, mine.map(function (f) {
        var li = document.createElement("li");
        li.className = "warning";
        var b = document.createElement("strong");
        b.textContent = f.severity === "error" ? form.dataset.error : form.dataset.warning;
        li.append(b, " " + (form.dataset.lang === "en" && f.text.en || f.text.zh));
        return li;
      }));
      var x = form.elements["v:" + list.dataset.key];
      if (x) x.setAttribute("aria-invalid", mine.some(function (f) { return f.severity === "error"; }) ? "true" : "false");
    });
  }

  // a block copied in a spreadsheet fills the fields from here down: value, explanation
  form.addEventListener("paste", function (e) {
    var from = inputs.indexOf(e.target);
    var text = (e.clipboardData || window.clipboardData).getData("text");
    if (from < 0 || !/[\t\n]/.test(text.trim())) return;
    e.preventDefault();
    text.replace(/\r/g, "").replace(/\n$/, "").split("\n").forEach(function (line, i) {
      var x = inputs[from + i];
      if (!x) return;
      var cells = line.split("\t");
      x.value = cells[0].trim();
      if (cells.length > 1) note(x).value = cells[1].trim();
    });
    later();
  });
  form.addEventListener("input", later);
  // Enter and the arrows go down and up the column, as in a spreadsheet
  form.addEventListener("keydown", function (e) {
    var at = inputs.indexOf(e.target);
    if (at < 0 || e.isComposing) return;
    var to = e.key === "ArrowDown" || e.key === "Enter" ? inputs[at + 1] : e.key === "ArrowUp" ? inputs[at - 1] : null;
    if (to) { e.preventDefault(); to.focus(); to.select(); }
  });
  form.addEventListener("submit", function (e) {
    if (!navigator.onLine) { e.preventDefault(); keep(); say(form.dataset.offline); return; }
    keep(); // dropped when the server says that it has it
    form.elements.seconds.value = String(Math.max(1, seconds));
  });
  restore();
})();
