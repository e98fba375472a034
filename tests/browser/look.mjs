/* Opens a page from disk in Chromium with no network and tells what it saw, as JSON on stdout.
   usage: node look.mjs PLAYWRIGHT CHROMIUM PAGE PICTURE light|dark */
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';

const [playwright, chromium, page_path, picture, scheme] = process.argv.slice(2);
const library = createRequire(import.meta.url)(playwright);
const browser = await library.chromium.launch({
  executablePath: chromium,
  args: ['--no-sandbox', '--disable-dev-shm-usage']
});
const context = await browser.newContext({
  colorScheme: scheme, offline: true, viewport: {width: 1100, height: 900}
});
const page = await context.newPage();
const seen = {errors: [], warnings: [], requests: []};
page.on('console', message => {
  if (message.type() === 'error') seen.errors.push(message.text());
  if (message.type() === 'warning') seen.warnings.push(message.text());
});
page.on('pageerror', error => seen.errors.push(String(error)));
page.on('request', request => seen.requests.push(request.url()));

await page.goto(pathToFileURL(page_path).href);
const figures = await page.locator('figure.chart').count();
seen.finished = true;
try {
  /* (The page's policy forbids code in strings, which waitForFunction() would need.) */
  for (let i = 0; i < figures; i++) {
    await page.locator('figure.chart').nth(i).and(page.locator('[data-drawn]')).waitFor(
      {state: 'attached', timeout: 30000});
  }
} catch (error) {
  seen.finished = false;
}

seen.title = await page.title();
seen.text = await page.evaluate(() => document.querySelector('main').innerText);
seen.tables = await page.evaluate(() => [...document.querySelectorAll('table')].map(
  t => ({caption: t.caption?.textContent, rows: t.rows.length})));
seen.headings = await page.evaluate(
  () => [...document.querySelectorAll('h1, h2, h3')].map(h => h.tagName + ' ' + h.textContent));
seen.bold = await page.evaluate(() => document.querySelectorAll('b').length);
seen.charts = await page.evaluate(() => [...document.querySelectorAll('figure.chart')].map(f => {
  const svg = f.querySelector('svg.marks');
  const box = svg?.getBoundingClientRect();
  return {
    name: f.dataset.chart, drawn: f.dataset.drawn, width: box?.width, height: box?.height,
    overflow: f.querySelector('.plot').scrollWidth - f.querySelector('.plot').clientWidth,
    label: svg?.getAttribute('aria-label') ??
           svg?.closest('[aria-label]')?.getAttribute('aria-label'),
    marks: svg ? svg.querySelectorAll('.role-mark path, .role-mark text').length : 0,
    texts: svg ? [...svg.querySelectorAll('text')].map(t => t.textContent) : [],
    choices: [...f.querySelectorAll('select option')].map(o => o.textContent),
    text: f.querySelector('.plot').innerText.slice(0, 300)
  };
}));

/* Choosing another cell changes the plot. */
const select = page.locator('figure[data-chart=completion] select');
if (await select.count() > 0) {
  const lines = () => page.evaluate(() => [...document.querySelectorAll(
    'figure[data-chart=completion] .mark-line path')].map(p => p.getAttribute('d')).join());
  const before = await lines();
  await select.selectOption({index: 3});
  await page.waitForTimeout(500);
  seen.choice_changes = before !== await lines();
}
await page.screenshot({path: picture, fullPage: true});

/* Charts follow the page's colours. */
const label = () => page.evaluate(() => document.querySelector(
  'figure.chart .role-axis-label text')?.getAttribute('fill'));
seen.label_colour = await label();
await page.emulateMedia({colorScheme: scheme === 'dark' ? 'light' : 'dark'});
await page.waitForTimeout(1500);
seen.other_label_colour = await label();
console.log(JSON.stringify(seen));
await browser.close();
