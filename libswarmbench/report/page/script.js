/* Draws the charts of the page, in the colours of the page, and again where those change. */
(function () {
  'use strict';

  const dark = window.matchMedia('(prefers-color-scheme: dark)');

  function colours() {
    const style = window.getComputedStyle(document.documentElement);
    const ink = style.getPropertyValue('--ink').trim();
    const soft = style.getPropertyValue('--soft').trim();
    const line = style.getPropertyValue('--line').trim();
    return {
      background: 'transparent',
      font: 'system-ui, "DejaVu Sans", sans-serif',
      title: {color: ink, subtitleColor: soft},
      axis: {labelColor: ink, titleColor: soft, gridColor: line, domainColor: soft,
             tickColor: soft},
      header: {labelColor: ink, titleColor: soft},
      legend: {labelColor: ink, titleColor: soft},
      view: {stroke: line},
      text: {color: ink}
    };
  }

  /* The heading above the chart is its title: of the title's lines only remarks are left. */
  function remarks(title) {
    const lines = title.subtitle.slice(1);
    return lines.length > 0 ?
      {text: lines, anchor: 'start', fontSize: 11, fontWeight: 'normal'} : undefined;
  }

  async function draw(figure) {
    const plot = figure.querySelector('.plot');
    try {
      const specification = JSON.parse(figure.querySelector('script').textContent);
      const canvas = document.createElement('div'); /* it grows beyond `plot`, which scrolls */
      plot.replaceChildren(canvas);
      specification.title = remarks(specification.title);
      await window.vegaEmbed(canvas, specification, {
        renderer: 'svg',
        ast: true, /* expressions are interpreted: the page's policy allows no code in strings */
        config: colours(),
        tooltip: {theme: dark.matches ? 'dark' : 'light'},
        downloadFileName: figure.dataset.chart,
        actions: {export: true, source: false, compiled: false, editor: false}
      });
      figure.dataset.drawn = 'yes';
    } catch (error) {
      figure.dataset.drawn = 'no';
      plot.textContent = 'This chart could not be drawn: ' + error.message;
      plot.classList.add('failure');
    }
  }

  function drawAll() {
    document.querySelectorAll('figure.chart').forEach(draw);
  }

  dark.addEventListener('change', drawAll);
  drawAll();
})();
