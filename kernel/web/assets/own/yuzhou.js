"use strict";
// Charts are drawn on the server and complete without script. With script, the
// first touch of one loads the library and lays an answering copy over it.
(function () {
  var figures = document.querySelectorAll(".echart[data-option]");
  var loading = null;
  function library() {
    loading = loading || new Promise(function (done, failed) {
      var s = document.createElement("script");
      s.src = document.body.dataset.echarts;
      s.onload = done;
      s.onerror = failed;
      document.head.appendChild(s);
    });
    return loading;
  }
  function wake(figure) {
    library().then(function () {
      var svg = figure.querySelector("svg");
      if (!svg || figure.querySelector("canvas")) return;
      var size = svg.getBoundingClientRect();
      var box = document.createElement("div");
      box.setAttribute("aria-hidden", "true"); // the drawing below keeps its words
      box.style.position = "absolute";
      box.style.inset = "0 auto auto 0";
      box.style.width = size.width + "px";
      box.style.height = size.height + "px";
      figure.appendChild(box);
      var option = JSON.parse(figure.dataset.option);
      // rich text is painted: markup with styles is against the page's policy
      option.tooltip = { trigger: "item", renderMode: "richText", confine: true };
      var chart = window.echarts.init(box, null, { renderer: "canvas" });
      chart.setOption(option);
      svg.style.opacity = "0";
      window.addEventListener("beforeprint", function () { box.remove(); svg.style.opacity = "1"; });
    });
  }
  figures.forEach(function (f) {
    f.addEventListener("pointerenter", function () { wake(f); }, { once: true });
  });
})();
