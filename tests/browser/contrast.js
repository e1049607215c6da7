() => {
  // Every text on the page against the ground it really stands on (WCAG 2.2, 1.4.3): what is below 4.5 : 1 comes back.
  const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
  const rgba = (colour) => {
    const [r, g, b, alpha = 1] = numbers(colour.replace(/^color\(srgb/, ""));
    return colour.startsWith("color(srgb") ? [r * 255, g * 255, b * 255, alpha] : [r, g, b, alpha];
  };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const ground = (element) => {
    const layers = [];
    for (let each = element; each; each = each.parentElement) layers.unshift(rgba(getComputedStyle(each).backgroundColor));
    return layers.reduce((under, top) => over(top, under), [255, 255, 255, 1]);
  };
  const poor = [];
  for (const element of document.querySelectorAll("body *")) {
    const speaks = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    const aside = element.closest("svg, option, :disabled, .visually-hidden, .skip");
    if (!speaks || aside || !element.checkVisibility()) continue;
    const under = ground(element);
    const ink = over(rgba(getComputedStyle(element).color), under);
    const [more, less] = [light(ink), light(under)].sort((one, other) => other - one);
    const ratio = (more + 0.05) / (less + 0.05);
    if (ratio < 4.5) poor.push(`${element.className || element.tagName} ${ratio.toFixed(2)}: ${element.textContent.trim().slice(0, 40)}`);
  }
  return poor;
}
