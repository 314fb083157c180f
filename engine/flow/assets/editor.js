"use strict";
// The editor is complete without script: a button checks. With it, findings and
// diagram follow the typing (the page itself is the answer that is shown), lines
// keep their numbers, and a finding leads to its line.
(function () {
  var form = document.getElementById("editor");
  var source = document.getElementById("source");
  var result = document.getElementById("result");
  var working = document.getElementById("working");
  if (!form || !source || !result || !window.fetch || !window.DOMParser) return;
  var gutter = form.querySelector(".gutter");
  var accept = document.getElementById("accept");
  var spare = source.rows - gutter.textContent.split("\n").length + 1;
  var timer = 0;
  var asked = 0;

  // the numbers beside the lines, and a field as high as all of them
  function number() {
    var n = source.value.split("\n").length;
    var numbers = [];
    for (var i = 1; i <= n; i++) numbers.push(i);
    gutter.textContent = numbers.join("\n") + "\n";
    source.rows = n + spare;
  }

  function say(text) { working.textContent = text; }

  function check() {
    var mine = ++asked;
    say(form.dataset.busy);
    fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), credentials: "same-origin" })
      .then(function (r) {
        return r.text().then(function (text) { return { ok: r.ok, status: r.status, text: text }; });
      })
      .then(function (r) {
        if (mine !== asked) return; // there is a newer question
        var now = new DOMParser().parseFromString(r.text, "text/html").getElementById("result");
        if (!r.ok || !now) return say(form.dataset.refused + r.status);
        result.replaceChildren.apply(result, Array.prototype.slice.call(now.childNodes));
        if (accept) accept.disabled = now.dataset.errors !== "0";
        lead();
        say("");
      })
      .catch(function () { if (mine === asked) say(form.dataset.offline); });
  }

  function later() {
    if (accept) accept.disabled = true; // what is accepted has been checked as it stands
    window.clearTimeout(timer);
    timer = window.setTimeout(check, 500);
  }

  // the number of a finding's line leads there
  function lead() {
    result.querySelectorAll("tr[data-line]").forEach(function (row) {
      var cell = row.cells[0];
      var line = Number(row.dataset.line);
      if (!line) return;
      var button = document.createElement("button");
      button.type = "button";
      button.className = "goline";
      button.textContent = cell.textContent;
      button.addEventListener("click", function () { show(line); });
      cell.replaceChildren(button);
    });
  }

  function show(line) {
    var lines = source.value.split("\n");
    var from = lines.slice(0, line - 1).reduce(function (sum, l) { return sum + l.length + 1; }, 0);
    source.focus({ preventScroll: true });
    source.setSelectionRange(from, from + (lines[line - 1] || "").length);
    var box = source.parentElement;
    var high = source.clientHeight / source.rows;
    box.scrollTop = Math.max(0, (line - 1) * high - box.clientHeight / 3);
    box.scrollIntoView({ block: "nearest" });
  }

  source.addEventListener("input", function () { number(); later(); });
  form.elements.name.addEventListener("input", later);
  number();
  lead();
})();
