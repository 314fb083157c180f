"use strict";
// The inbox is complete without script. With it: j and k, or the arrows, go from
// one line to the next, Enter opens it, / goes to the search.
(function () {
  var rows = Array.prototype.slice.call(document.querySelectorAll("[data-row]"));
  var at = -1;
  function typing(target) {
    return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT|BUTTON)$/.test(target.tagName);
  }
  function link(row) { return row.querySelector("a[href]"); }
  function go(to) {
    if (!rows.length) return;
    at = Math.max(0, Math.min(rows.length - 1, to));
    link(rows[at]).focus(); // Enter is then the link's own
    rows[at].scrollIntoView({ block: "nearest" });
  }
  rows.forEach(function (row, i) {
    row.addEventListener("focusin", function () {
      at = i;
      rows.forEach(function (r) { r.classList.toggle("at", r === row); });
    });
  });
  document.addEventListener("keydown", function (e) {
    if (e.ctrlKey || e.metaKey || e.altKey || typing(e.target)) return;
    var step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[e.key];
    if (step && (at >= 0 || e.key === "j" || e.key === "k")) {
      e.preventDefault();
      go(at < 0 ? 0 : at + step);
    }
    var search = document.querySelector("[data-search]");
    if (e.key === "/" && search) {
      e.preventDefault();
      search.focus();
    }
  });
})();
