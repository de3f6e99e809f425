// What a screen reader would miss: gives a line for each fault.
() => {
  const wrong = [];
  const named = (node) => node.getAttribute('aria-label') || node.labels?.length
    || node.textContent.trim() || node.getAttribute('aria-labelledby') || node.title;
  for (const node of document.querySelectorAll('button, select, input, textarea, a[href]')) {
    if (!named(node)) wrong.push(`no name: ${node.outerHTML.slice(0, 80)}`);
  }
  for (const node of document.querySelectorAll('table')) {
    if (!node.caption?.textContent.trim()) wrong.push('a table without a caption');
  }
  for (const node of document.querySelectorAll('th')) {
    if (!node.scope) wrong.push(`no scope: ${node.outerHTML.slice(0, 80)}`);
  }
  for (const node of document.querySelectorAll('svg')) {
    if (!node.closest('[aria-hidden=true]') && node.getAttribute('role') !== 'img') {
      wrong.push(`a drawing that is neither hidden nor named: ${node.outerHTML.slice(0, 80)}`);
    }
    if (node.getAttribute('role') === 'img' && !node.getAttribute('aria-label')) {
      wrong.push('a chart without a text');
    }
  }
  const ids = [...document.querySelectorAll('[id]')].map((node) => node.id);
  for (const id of new Set(ids.filter((one, index) => ids.indexOf(one) !== index))) {
    wrong.push(`twice the id ${id}`);
  }
  for (const node of document.querySelectorAll('[aria-labelledby]')) {
    const id = node.getAttribute('aria-labelledby');
    if (!document.getElementById(id)) wrong.push(`no label ${id}`);
  }
  const levels = [...document.querySelectorAll('h1, h2, h3')].map((node) => Number(node.tagName[1]));
  levels.forEach((level, index) => {
    if (index && level > levels[index - 1] + 1) wrong.push('a heading level is left out');
  });
  return wrong;
}
