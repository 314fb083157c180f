"use strict";
// The editor is complete without script: a button checks. With it, what is wrong
// and the diagram follow the typing; the page itself is the answer that is shown.
(function () {
  var form = document.getElementById("editor");
  var source = document.getElementById("source");
  var findings = document.getElementById("findings");
  if (!form || !source || !findings || !window.fetch || !window.DOMParser) return;
  var timer = 0;
  var asked = 0;
  function check() {
    var mine = ++asked;
    fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), credentials: "same-origin" })
      .then(function (r) { return r.ok ? r.text() : Promise.reject(r.status); })
      .then(function (text) {
        var now = new DOMParser().parseFromString(text, "text/html").getElementById("findings");
        if (mine === asked && now) findings.innerHTML = now.innerHTML;
      })
      .catch(function () { /* the button remains */ });
  }
  source.addEventListener("input", function () { window.clearTimeout(timer); timer = window.setTimeout(check, 400); });
})();
