#include "coordinator/pages/page.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "coordinator/pages/content_policy.hpp"
#include "coordinator/pages/page_assets.hpp"

using namespace squall::coordinator;

namespace {

const std::string hostile = "<script>alert(1)</script>\"'&<img src=x onerror=alert(2)>";

Page page_of(const std::string& text) {
  Page page(text);
  page.verdict(PageCell::Tone::bad, text, text);
  page.banner(text);
  page.section("first", text);
  page.paragraph(text);
  page.list({text, text});
  page.table({text, {text, "n"}, {{{text}, {text, PageCell::Tone::good, true}}}});
  Chart chart;
  chart.id = "one";
  chart.title = text;
  chart.x.label = text;
  chart.series = {{text, ChartStyle::line, {0, 1}, {1, 2}}};
  chart.marks = {{text, 0.5, false}};
  page.chart(chart);
  page.preformatted(text, text);
  page.glossary({{text, text}});
  page.section("second", "Second");
  return page;
}

/// What stands before the first script.
std::string markup_of(const std::string& html) { return html.substr(0, html.find("<script")); }

std::size_t times_in(const std::string& text, const std::string& what) {
  std::size_t times = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
    ++times;
  return times;
}

std::vector<std::string> contents_of(const std::string& html, const std::string& open,
                                     const std::string& close) {
  std::vector<std::string> found;
  for (std::size_t at = html.find(open); at != std::string::npos; at = html.find(open, at)) {
    at += open.size();
    const std::size_t end = html.find(close, at);
    found.push_back(html.substr(at, end - at));
    at = end;
  }
  return found;
}

nlohmann::json data_of(const std::string& html) {
  return nlohmann::json::parse(contents_of(html, "id=\"squall-charts\">", "</script>").at(0));
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_others_wrote_stays_text_everywhere) {
  const std::string html = page_of(hostile).html();
  const std::string markup = markup_of(html);
  BOOST_TEST(markup.find("<img") == std::string::npos);
  BOOST_TEST(markup.find("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;&lt;img") !=
             std::string::npos);
  // One script of data, and ours: no further one, and no further end of one.
  BOOST_TEST(times_in(html, "<script") == 1 + page_scripts().size());
  BOOST_TEST(times_in(html, "</script") == 1 + page_scripts().size());
  BOOST_TEST(data_of(html).at(0).at("title") == hostile);
}

BOOST_AUTO_TEST_CASE(escape_codes_and_broken_text_do_no_harm) {
  BOOST_TEST(escaped("a\x1b[2Jb\x07") == "a?[2Jb?");
  BOOST_TEST(escaped("one\r\ntwo\n\tthree") == "one\ntwo\n\tthree");
  BOOST_TEST(escaped("caf\xc3\xa9 \xff \xe2\x80\xae") == "caf\xc3\xa9 ? ?");
  BOOST_TEST(escaped("\n\n") == "\n\n");
  BOOST_TEST(escaped("") == "");
  Page page("caf\xff");
  Chart chart;
  chart.title = "caf\xff";
  page.chart(chart);
  BOOST_TEST(data_of(page.html()).size() == 1u);
}

BOOST_AUTO_TEST_CASE(data_cannot_end_the_script_that_it_stands_in) {
  BOOST_TEST(json_in_script(R"(["</script><!--",1])") == R"(["\u003c/script\u003e\u003c!--",1])");
}

BOOST_AUTO_TEST_CASE(a_digest_is_as_the_standard_has_it) {
  BOOST_TEST(source_hash("alert('Hello, world.');") ==
             "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='");
}

BOOST_AUTO_TEST_CASE(the_policy_allows_exactly_what_the_page_holds) {
  const std::string html = page_of("a page").html();
  const std::string policy =
      contents_of(html, "http-equiv=\"Content-Security-Policy\" content=\"", "\">").at(0);
  BOOST_TEST(policy.starts_with("default-src 'none'; script-src 'sha256-"));
  BOOST_TEST(policy.find("unsafe") == std::string::npos);
  const auto scripts = contents_of(html, "<script>", "</script>");
  BOOST_TEST(scripts.size() == page_scripts().size());
  for (const std::string& script : scripts)
    BOOST_TEST(policy.find(source_hash(script)) != std::string::npos);
  const auto styles = contents_of(html, "<style>", "</style>");
  BOOST_REQUIRE_EQUAL(styles.size(), 1u);
  BOOST_TEST(policy.find("style-src " + source_hash(styles[0])) != std::string::npos);
  BOOST_TEST(times_in(policy, "sha256-") == scripts.size() + 1);
}

BOOST_AUTO_TEST_CASE(nothing_comes_from_anywhere_and_nothing_runs_from_attributes) {
  const std::string markup = markup_of(page_of("a page").html());
  for (const char* fetching : {" src=", "<link", "@import", "url(", "href=\"http"})
    BOOST_TEST(markup.find(fetching) == std::string::npos);
  const std::string body = markup.substr(markup.find("<body>"));
  BOOST_TEST(!std::regex_search(body, std::regex(R"(<[^>]*\s(style|on[a-z]+)\s*=)")));
}

BOOST_AUTO_TEST_CASE(a_page_has_one_title_contents_that_lead_somewhere_and_named_tables) {
  const std::string html = page_of("a page").html();
  BOOST_TEST(html.starts_with("<!DOCTYPE html>"));
  BOOST_TEST(times_in(html, "<h1>") == 1u);
  std::size_t links = 0;
  for (const std::string& target : contents_of(html, "<a href=\"#", "\"")) {
    ++links;
    BOOST_TEST(html.find("id=\"" + target + "\"") != std::string::npos);
  }
  BOOST_TEST(links == 2u);
  BOOST_TEST(html.find("<th scope=\"col\">") != std::string::npos);
  BOOST_TEST(html.find("<th scope=\"row\">") != std::string::npos);
  BOOST_TEST(html.find("role=\"region\" aria-label=\"a page\"") != std::string::npos);
  BOOST_TEST(html.find("<figure class=\"chart\" id=\"one\">") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(without_scripts_the_reader_is_told_what_is_missing) {
  BOOST_TEST(page_of("a page").html().find("<noscript>") != std::string::npos);
  Page page("no charts");
  page.paragraph("only text");
  BOOST_TEST(page.html().find("<noscript>") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(long_texts_are_folded_away_and_none_loses_its_first_line) {
  Page page("texts");
  page.preformatted("short", "\none line");
  BOOST_TEST(page.html().find("<details><summary>short") == std::string::npos);
  BOOST_TEST(page.html().find("<pre tabindex=\"0\">\n\none line</pre>") != std::string::npos);
  std::string text;
  for (int line = 0; line < 100; ++line) text += "line\n";
  page.preformatted("long", text);
  BOOST_TEST(page.html().find("<details><summary>long</summary>") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_licence_of_what_draws_the_charts_is_in_the_page) {
  const std::string html = page_of("a page").html();
  BOOST_TEST(std::string(chart_library_name()).starts_with("Chart.js v"));
  BOOST_TEST(html.find(chart_library_name()) != std::string::npos);
  BOOST_TEST(html.find("WITHOUT WARRANTY OF ANY KIND") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(embedded_files_hold_no_tag_that_would_end_them) {
  for (const std::string_view script : page_scripts()) {
    BOOST_TEST(script.size() > 500u);
    BOOST_TEST(script.find("</script") == std::string_view::npos);
    BOOST_TEST(script.find("<!--") == std::string_view::npos);
    BOOST_TEST(script.find('\r') == std::string_view::npos);
  }
  BOOST_TEST(page_style().find("</style") == std::string_view::npos);
  BOOST_TEST(page_style().find("prefers-color-scheme: dark") != std::string_view::npos);
}
