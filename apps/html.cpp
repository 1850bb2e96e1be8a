// Escaping, tables, data: addresses, and the one style sheet of all reports.
#include "apps/html.h"

#include <fmt/format.h>

#include <algorithm>

namespace hilum {
namespace {

constexpr const char* style = R"(
:root { --ink: #1b1f24; --soft: #5b6570; --line: #d9dee3; --wash: #f5f7f9; --accent: #0072b2; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 66rem; padding: 2.5rem 1.5rem 4rem; background: #fff; color: var(--ink);
  font: 15px/1.5 "Source Sans 3", "Segoe UI", "Helvetica Neue", Helvetica, Arial, sans-serif; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0; font-weight: 650; letter-spacing: -.01em; }
h2 { font-size: 1.2rem; margin: 2.6rem 0 .7rem; padding-top: .7rem; border-top: 1px solid var(--line);
  font-weight: 650; }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; font-weight: 650; }
p { margin: .5rem 0; max-width: 46rem; }
.subtitle { color: var(--soft); margin: .3rem 0 0; }
.banner { margin: 1.2rem 0 0; padding: .55rem .9rem; border-left: 4px solid var(--accent);
  background: var(--wash); max-width: none; }
.warning { border-left-color: #d55e00; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: .8rem;
  margin: 1.2rem 0; }
.tile { border: 1px solid var(--line); border-radius: 6px; padding: .8rem 1rem; }
.tile .name { color: var(--soft); font-size: .85rem; }
.tile .value { font-size: 1.55rem; font-weight: 650; line-height: 1.25; }
.tile .detail { color: var(--soft); font-size: .85rem; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; margin: .8rem 0; }
table { border-collapse: collapse; font-size: .84rem; font-variant-numeric: tabular-nums; }
th, td { padding: .32rem .55rem; text-align: right; vertical-align: top;
  border-bottom: 1px solid var(--line); }
th:first-child, td:first-child, table.left th, table.left td { text-align: left; }
table.left td:first-child { white-space: nowrap; }
thead th { color: var(--soft); font-weight: 600; border-bottom: 2px solid var(--line); }
tr.section td { font-weight: 650; background: var(--wash); }
.matrix td, .matrix th { text-align: center; min-width: 5.5rem; }
.matrix td { border: 2px solid #fff; padding: .7rem; font-size: 1.05rem; }
.matrix td small { display: block; font-size: .78rem; }
.matrix .axis { color: var(--soft); font-weight: 600; border: 0; }
.matrix tbody th { text-align: right; border: 0; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(19rem, 1fr)); gap: 1.2rem;
  align-items: start; }
figure { margin: .6rem 0; break-inside: avoid; }
.plots figure { max-width: 34rem; }
figure svg { width: 100%; height: auto; display: block; }
figcaption { color: var(--soft); font-size: .85rem; }
.missing { border: 1px dashed var(--line); padding: 1.5rem 1rem; color: var(--soft); }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.2rem, 1fr)); gap: .9rem; }
.shot { font-size: .8rem; line-height: 1.35; overflow-wrap: anywhere; break-inside: avoid; }
.shot img { width: 100%; aspect-ratio: 1; object-fit: contain; background: #000; display: block;
  border-radius: 3px; margin-bottom: .3rem; }
.shot .miss { color: #b34700; font-weight: 650; }
.shot .hit { color: #00664b; font-weight: 650; }
.shot .name, .soft { color: var(--soft); }
.yes { color: #00664b; font-weight: 650; } .no { color: #b34700; font-weight: 650; }
.open { color: var(--soft); font-weight: 650; }
code, pre { font: .84rem/1.45 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
pre { background: var(--wash); padding: .7rem .9rem; white-space: pre-wrap; overflow-wrap: anywhere;
  border-radius: 4px; }
@media print {
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  h2 { break-after: avoid; } table, .tile { break-inside: avoid; }
  .scroll { overflow: visible; } table { font-size: 8.5pt; } th, td { padding: .2rem .45rem; }
  .gallery { grid-template-columns: repeat(6, 1fr); } .plots { grid-template-columns: 1fr 1fr; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  @page { margin: 16mm; }
}
)";

std::string base64(const std::string& bytes) {
  static constexpr char digits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t word = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      word = word << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += i + k > bytes.size() ? '=' : digits[word >> (18 - 6 * k) & 63];
    }
  }
  return text;
}

}  // namespace

std::string escape_html(const std::string& text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

namespace {

// A figure stays on one line, and its interval on one too: a narrow page breaks between them.
std::string unbroken(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool interval = i + 1 < text.size() && text[i + 1] == '[';
    if (text[i] == ' ' && !interval) {
      result += "&nbsp;";
    } else {
      result += text[i];
    }
  }
  return result;
}

}  // namespace

std::string html_table(const std::vector<std::vector<std::string>>& rows, bool left) {
  std::string text = fmt::format("<div class=\"scroll\"><table{}>", left ? " class=\"left\"" : "");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const char* cell = i == 0 ? "th" : "td";
    if (i == 0) text += "<thead>";
    if (i == 1) text += "<tbody>";
    text += "<tr>";
    for (const std::string& field : rows[i]) {
      text += fmt::format("<{0}>{1}</{0}>", cell,
                          i == 0 || left ? escape_html(field) : unbroken(escape_html(field)));
    }
    text += "</tr>\n";
    if (i == 0) text += "</thead>";
  }
  return text + (rows.size() > 1 ? "</tbody>" : "") + "</table></div>\n";
}

std::string html_figure(const std::string& svg, const std::string& caption) {
  const std::string drawing =
      svg.empty()
          ? "<div class=\"missing\">Not drawn: gnuplot is not installed, or there is nothing "
            "to draw. The tables have the figures.</div>"
          : svg;
  return fmt::format("<figure>{}<figcaption>{}</figcaption></figure>\n", drawing,
                     escape_html(caption));
}

std::string thumbnail(const Image& image, std::size_t side) {
  const std::size_t longest = std::max(image.height, image.width);
  const auto scaled = [&](std::size_t x) {
    return longest <= side ? x : std::max<std::size_t>(1, x * side / longest);
  };
  return "data:image/png;base64," +
         base64(encode_png(resize(image, scaled(image.height), scaled(image.width))));
}

std::string html_page(const std::string& title, const std::string& subtitle,
                      const std::string& body) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<link rel=\"icon\" href=\"data:,\">\n<title>{0}</title>\n<style>{1}</style></head>\n<body>\n"
      "<header><h1>{0}</h1><p class=\"subtitle\">{2}</p>\n"
      "<p class=\"banner\"><strong>For research only. This is not a diagnostic device</strong>, "
      "and "
      "nothing in it may decide about a patient.</p></header>\n{3}</body></html>\n",
      escape_html(title), style, escape_html(subtitle), body);
}

}  // namespace hilum
