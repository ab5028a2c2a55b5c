#include "coordinator/compare/output/comparison_page.hpp"

#include "coordinator/compare/output/comparison_charts.hpp"
#include "coordinator/compare/output/comparison_rows.hpp"
#include "coordinator/pages/page.hpp"
#include "coordinator/text/capitals.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

using Tone = PageCell::Tone;

Tone tone_of(Judgement judgement) {
  switch (judgement) {
    case Judgement::pass:
      return Tone::good;
    case Judgement::regression:
      return Tone::bad;
    case Judgement::inconclusive:
    case Judgement::incomparable:
      break;
  }
  return Tone::doubtful;
}

/// A course that did not end as it should is no pass, whatever was found until then.
Tone tone_of(const RunComparison& comparison) {
  const Tone tone = tone_of(comparison.judgement);
  return tone == Tone::good && exit_code(comparison) != 0 ? Tone::doubtful : tone;
}

/// A list of names is no title; what is on which side stands below it.
std::string short_name(const ComparedSide& side) {
  constexpr std::size_t longest_title = 48;
  return side.name.size() <= longest_title ? side.name : plural(side.runs.size(), "run");
}

void add_verdict(const RunComparison& comparison, Page& page) {
  std::string name = in_capitals(word(comparison.judgement));
  std::string why = comparison.sentence;
  if (why.starts_with(name + ": ")) why.erase(0, name.size() + 2);
  if (comparison.ending) name += ", " + in_capitals(comparison.ending->word);
  page.verdict(tone_of(comparison), name,
               why + " (exit code " + std::to_string(exit_code(comparison)) + ")");
  for (const auto& banner : comparison.banners) page.banner(banner);
  page.list({side_text("base", comparison.base),
             side_text("run", comparison.run) + (comparison.paired ? "; in pairs" : "")});
}

PageCell verdict_cell(const FigureComparison& figure, const std::string& text) {
  if (!figure.margin) return {text, Tone::quiet};
  return {text, tone_of(figure.judgement)};
}

void add_figures(const RunComparison& comparison, Page& page) {
  page.section("figures", "What changed");
  PageTable table;
  table.caption =
      "Medians of the runs; the change is the run against the base, with its 95 % interval";
  table.head = comparison_headings();
  for (const FigureComparison& figure : comparison.figures) {
    const auto texts = cells_of(figure);
    std::vector<PageCell> row{{texts.front()}};
    for (std::size_t i = 1; i + 1 < texts.size(); ++i) row.push_back({texts[i], Tone::plain, true});
    row.push_back(verdict_cell(figure, texts.back()));
    table.rows.push_back(std::move(row));
  }
  page.table(table);
  if (const Chart chart = change_chart(comparison); !chart.series.empty()) page.chart(chart);
}

void add_differences(const RunComparison& comparison, Page& page) {
  page.section("differences", "Why they cannot be compared");
  PageTable table;
  table.head = {"differs", "base", "run"};
  for (const auto& each : comparison.comparability.differences)
    table.rows.push_back({{each.what, Tone::doubtful}, {each.base}, {each.run}});
  page.table(table);
  page.paragraph("What follows shows the runs all the same. It judges nothing.");
}

void add_values(const RunComparison& comparison, Page& page) {
  page.section("values", "Each run");
  for (const auto& figure : figures_on_page(comparison))
    if (const Chart chart = value_chart(comparison, figure); !chart.series.empty())
      page.chart(chart);
}

void add_curves(const RunComparison& comparison, Page& page) {
  const auto charts = curve_charts(comparison);
  if (charts.empty()) return;
  page.section("curves", "Percentiles");
  page.paragraph(
      "At each percentile the median of a side's runs; the band reaches from the least of them to "
      "the greatest. Curves end where the shortest run has no more answers to tell of.");
  for (const Chart& chart : charts) page.chart(chart);
}

std::vector<PageCell> run_row(const char* side, std::size_t index, const RunFigures& run,
                              const std::vector<std::string>& figures) {
  std::vector<PageCell> row{
      {name_in_side(side, index)}, {run.run}, {run.started_at}, {run.outcome}};
  for (const auto& figure : figures) {
    const KnownFigure known = known_figure(run, figure);
    row.push_back(known.value
                      ? PageCell{(known.at_least ? "≥ " : "") +
                                     readable_figure(*known.value, kind_of_figure(figure).unit),
                                 Tone::plain, true}
                      : PageCell{"–", Tone::quiet, true});
  }
  return row;
}

/// More would not fit beside each other; the charts have the rest.
std::vector<std::string> judged_figures(const RunComparison& comparison) {
  std::vector<std::string> figures;
  for (const FigureComparison& figure : comparison.figures)
    if (figure.margin) figures.push_back(figure.figure);
  return figures.empty() ? figures_on_page(comparison) : figures;
}

void add_runs(const RunComparison& comparison, Page& page) {
  page.section("runs", "What was compared");
  const auto figures = judged_figures(comparison);
  PageTable runs;
  runs.head = {"", "run", "started", "outcome"};
  runs.head.insert(runs.head.end(), figures.begin(), figures.end());
  const auto add = [&](const char* name, const ComparedSide& side) {
    for (std::size_t i = 0; i < side.details.size(); ++i)
      runs.rows.push_back(run_row(name, i, side.details[i], figures));
  };
  add("base", comparison.base);
  add("run", comparison.run);
  page.table(runs);
  PageTable table;
  table.caption = "Comparable runs agree in all of this, but for what differs on purpose";
  table.head = {"", "base", "run"};
  for (const auto& each : identities(comparison.base.details, comparison.run.details)) {
    const Tone tone = each.base == each.run ? Tone::plain : Tone::doubtful;
    table.rows.push_back({{each.what}, {each.base, tone}, {each.run, tone}});
  }
  page.table(table);
}

void add_words(Page& page) {
  page.section("glossary", "What the words mean");
  page.glossary(
      {{"pass", "Certainly (95 %) not worse by its margin."},
       {"regression", "Worse by its margin or more, and not by chance."},
       {"inconclusive",
        "The runs cannot tell: their spread is as large as the margin. It is no pass. More or "
        "longer runs, a quieter machine or a wider margin may decide it."},
       {"incomparable",
        "Another scenario, seed, model or machine: the runs answer different "
        "questions."},
       {"margin", "How much worse a figure may get. Figures without one are shown, not judged."},
       {"change",
        "Hodges-Lehmann estimate of the ratio (of shares: the difference) between the "
        "sides, with an exact 95 % interval from ranks."},
       {"p",
        "How often runs of equal things would differ at least so much; adjusted for all "
        "judged figures together (Holm)."}});
}

}  // namespace

std::string comparison_page(const RunComparison& comparison) {
  Page page("Comparison: " + short_name(comparison.run) + " against " +
            short_name(comparison.base));
  add_verdict(comparison, page);
  if (comparison.comparability.comparable())
    add_figures(comparison, page);
  else
    add_differences(comparison, page);
  page.list(remarks_of(comparison));
  add_values(comparison, page);
  add_curves(comparison, page);
  add_runs(comparison, page);
  add_words(page);
  return page.html();
}

}  // namespace squall::coordinator
