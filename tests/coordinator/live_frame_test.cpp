#include "coordinator/live/live_frame.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

#include "coordinator/live/light_panels.hpp"
#include "coordinator/preview/block_chart.hpp"
#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"
#include "tests/coordinator/golden_text.hpp"
#include "tests/coordinator/live_samples.hpp"

using namespace squall;
using namespace squall::coordinator;
using namespace squall::tests;
using namespace std::chrono_literals;

namespace {

std::string framed(const LiveStatus& status, const FrameStyle& style) {
  std::string text;
  for (const std::string& line : live_frame(status, style)) text += line + "|\n";
  return text;
}

FrameStyle style_of(std::size_t columns, std::size_t rows, bool unicode = true) {
  FrameStyle style;
  style.width = columns - 1;
  style.rows = rows;
  style.unicode = unicode;
  return style;
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Without escape codes for colours, and nothing else that begins with an escape.
std::string without_colour(const std::string& line) {
  std::string plain;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\x1b') {
      plain += line[i];
      continue;
    }
    const auto end = line.find_first_not_of("0123456789;", i + 2);
    BOOST_REQUIRE(line.compare(i, 2, "\x1b[") == 0);
    BOOST_REQUIRE(line.at(end) == 'm');
    i = end;
  }
  return plain;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_large_terminal_shows_everything) {
  check_golden("live_frame_large_120x40.txt", framed(large_status(), style_of(120, 40)));
  check_golden("live_frame_healthy_120x40.txt", framed(healthy_status(), style_of(120, 40)));
}

BOOST_AUTO_TEST_CASE(colours_are_added_to_the_same_characters) {
  FrameStyle style = style_of(120, 40);
  const auto plain = live_frame(large_status(), style);
  style.colour = true;
  const auto coloured = live_frame(large_status(), style);
  BOOST_REQUIRE(plain.size() == coloured.size());
  std::string all;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    BOOST_TEST(without_colour(coloured[i]) == plain[i]);
    all += coloured[i];
  }
  for (const char* code : {"\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[2m", "\x1b[1m"})
    BOOST_TEST(holds(all, code));
}

BOOST_AUTO_TEST_CASE(a_usual_terminal_shows_the_most_important) {
  check_golden("live_frame_large_80x24.txt", framed(large_status(), style_of(80, 24)));
}

BOOST_AUTO_TEST_CASE(without_unicode_it_is_ascii_alone) {
  const std::string text = framed(large_status(), style_of(80, 24, false));
  for (const char byte : text) BOOST_TEST(static_cast<unsigned char>(byte) < 0x80);
  check_golden("live_frame_ascii_80x24.txt", text);
}

BOOST_AUTO_TEST_CASE(a_tiny_terminal_shows_ten_lines) {
  check_golden("live_frame_large_40x10.txt", framed(large_status(), style_of(40, 10)));
}

BOOST_AUTO_TEST_CASE(no_frame_is_larger_than_its_terminal_or_holds_what_strangers_wrote) {
  LiveStatus large = large_status();
  large.agents_left_out = 500;
  for (const LiveStatus& status : {LiveStatus{}, healthy_status(), large})
    for (std::size_t rows = 1; rows <= 60; rows += rows < 12 ? 1 : 7)
      for (std::size_t width = 1; width <= 220; width += width < 12 ? 1 : 13) {
        FrameStyle style = style_of(width + 1, rows, width % 2 == 0);
        style.news = {"first", "second", "third", "fourth"};
        style.help = rows % 2 == 0;
        const auto lines = live_frame(status, style);
        BOOST_TEST(lines.size() <= rows);
        for (const std::string& line : lines) {
          BOOST_TEST(width_of(line) <= width, line);
          for (const char byte : line) BOOST_TEST(static_cast<unsigned char>(byte) >= 0x20, line);
        }
      }
}

BOOST_AUTO_TEST_CASE(what_is_kept_longest_is_kept_at_every_smaller_size) {
  // From a large terminal to a small one, in the order in which the header says it.
  const LiveStatus status = large_status();
  const std::vector<std::pair<std::size_t, const char*>> first_row_with{
      {1, "measuring"}, {2, "3:00 / 5:00"}, {3, "9,988 in flight"}, {4, "47,100"},
      {5, "ttft p50"},  {7, "ttft p95 <"},  {8, "audit"},           {9, "timeout"},
      {10, "p pause"},  {13, "and 99"},     {18, "tokens/s"}};
  for (const auto& [rows, text] : first_row_with) {
    const std::string with = framed(status, style_of(60, rows));
    BOOST_TEST(holds(with, text), "rows " << rows << ": " << text << "\n" << with);
    if (rows == 1 || rows >= 18) continue;
    const std::string without = framed(status, style_of(60, rows - 1));
    BOOST_TEST(!holds(without, text), "rows " << rows - 1 << ": " << text << "\n" << without);
  }
}

BOOST_AUTO_TEST_CASE(news_and_pauses_and_help_have_their_lines) {
  FrameStyle style = style_of(80, 24);
  style.news = {"warning: one", "0:12 agent a: two", "three", "four"};
  BOOST_TEST(holds(framed(large_status(), style), "four"));
  BOOST_TEST(holds(framed(large_status(), style), "p pause view   q quit   ? keys"));
  style.help = true;
  BOOST_TEST(holds(framed(large_status(), style), "as one Ctrl-C does"));
  style.paused = true;
  BOOST_TEST(holds(framed(large_status(), style), "view paused, the run goes on"));
  style.paused = style.help = style.keys = false;
  BOOST_TEST(holds(framed(large_status(), style), "Ctrl-C: stop the load and report"));
}

BOOST_AUTO_TEST_CASE(agents_are_as_many_as_fit_and_the_others_are_counted) {
  const LiveStatus status = large_status();
  const auto panel = agents_panel(status, {.width = 119, .rows = 17, .unicode = true});
  BOOST_REQUIRE(panel.size() == 17u);
  BOOST_TEST(holds(panel.back().written(119, false), "and 985 more"));
  BOOST_TEST(holds(panel[1].written(119, false), "lost"));
  LiveStatus few = status;
  few.agents.resize(4);
  const auto all = agents_panel(few, {.width = 119, .rows = 5, .unicode = true});
  BOOST_REQUIRE(all.size() == 5u);
  BOOST_TEST(!holds(all.back().written(119, false), "more"));
}

BOOST_AUTO_TEST_CASE(columns_of_agents_give_way_from_the_least_important) {
  const LiveStatus status = large_status();
  const auto heading = [&](std::size_t width) {
    return agents_panel(status, {.width = width, .rows = 10, .unicode = true})
        .front()
        .written(width, false);
  };
  for (const char* title : {"state", "in flight", "lag", "CPU", "memory", "GPU", "GPU memory"})
    BOOST_TEST(holds(heading(119), title), title);
  BOOST_TEST(!holds(heading(80), "GPU memory"));
  BOOST_TEST(holds(heading(39), "state"));
  BOOST_TEST(!holds(heading(39), "memory"));
  LiveStatus no_gpu = status;
  for (LiveAgent& agent : no_gpu.agents) {
    agent.gpu_busy.reset();
    agent.gpu_memory_bytes.reset();
  }
  const auto without = agents_panel(no_gpu, {.width = 119, .rows = 10, .unicode = true});
  BOOST_TEST(!holds(without.front().written(119, false), "GPU"));
}

BOOST_AUTO_TEST_CASE(every_light_has_a_symbol_of_its_own) {
  const LiveStatus status = large_status();
  for (const bool unicode : {false, true}) {
    std::set<std::string> symbols;
    for (const StyledLine& line :
         thresholds_panel(status, {.width = 80, .rows = 4, .unicode = unicode}))
      symbols.insert(first_characters(line.written(80, false), 1));
    BOOST_TEST(symbols.size() == 4u);
  }
}

BOOST_AUTO_TEST_CASE(where_thresholds_do_not_fit_the_worst_are_shown) {
  LiveStatus status = large_status();
  std::swap(status.thresholds.front(), status.thresholds.back());
  const auto one = thresholds_panel(status, {.width = 80, .rows = 1, .unicode = true});
  BOOST_REQUIRE(one.size() == 1u);
  BOOST_TEST(holds(one[0].written(120, false), "ttft p95"));
  BOOST_TEST(holds(one[0].written(120, false), "3 more thresholds"));
  const auto three = thresholds_panel(status, {.width = 80, .rows = 3, .unicode = true});
  BOOST_REQUIRE(three.size() == 3u);
  BOOST_TEST(holds(three[1].written(120, false), "error_rate"));
  BOOST_TEST(holds(three[2].written(120, false), "2 more thresholds, none of them worse"));
}

BOOST_AUTO_TEST_CASE(a_line_that_is_cut_says_so) {
  StyledLine line("12,345", Style::bold);
  line.add(" users");
  BOOST_TEST(line.written(12, false) == "12,345 users");
  BOOST_TEST(line.written(11, false) == "12,345 use>");
  BOOST_TEST(line.written(4, false) == "12,>");
  BOOST_TEST(line.written(1, false) == ">");
  BOOST_TEST(line.written(0, false).empty());
  BOOST_TEST(line.written(4, true) == "\x1b[1m12,\x1b[0m\x1b[2m>\x1b[0m");
}

BOOST_AUTO_TEST_CASE(a_course_of_dots_rises_from_left_to_right) {
  const BlockChartStyle style{.width = 22, .height = 2, .unicode = true};  // ten columns
  ChartCourse course;
  for (std::size_t i = 0; i < course_values(style); ++i)
    course.area.push_back(static_cast<double>(i + 1));
  BOOST_REQUIRE(course.area.size() == 20u);
  const auto lines = course_chart(course, "0:00", "0:20", style, readable_rate);
  BOOST_REQUIRE(lines.size() == 4u);
  BOOST_TEST(lines[0] == "      20.0 │     ⣀⣤⣴⣾⣿");
  BOOST_TEST(lines[1] == "      10.0 │⣀⣤⣴⣾⣿⣿⣿⣿⣿⣿");
  BOOST_TEST(lines[2] == "         0 └──────────");
  BOOST_TEST(lines[3] == "            0:00  0:20");
}

BOOST_AUTO_TEST_CASE(a_line_is_drawn_over_an_area_and_gaps_stay_gaps) {
  const BlockChartStyle style{.width = 22, .height = 3, .unicode = false};
  ChartCourse course;
  course.area = {1, 1, 1, std::nullopt, std::nullopt, 1, 0, 1, 1, 1};
  course.line = {3, 3, 2, std::nullopt, std::nullopt, 3, 3, 3, 3, 3};
  const auto lines = course_chart(course, "a", "b", style, readable_rate);
  BOOST_TEST(lines[0] == "      3.00 |**   *****");
  BOOST_TEST(lines[1] == "           |  *");
  BOOST_TEST(lines[2] == "           |###  # ###");
}

BOOST_AUTO_TEST_CASE(a_course_of_nothing_is_an_empty_chart) {
  const BlockChartStyle style{.width = 40, .height = 3, .unicode = true};
  ChartCourse course;
  course.area.resize(course_values(style));
  const auto lines = course_chart(course, "0:00", "0:10", style, readable_rate);
  BOOST_REQUIRE(lines.size() == 5u);
  BOOST_TEST(lines[0] == "           │");
}
