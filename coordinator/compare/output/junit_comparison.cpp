#include "coordinator/compare/output/junit_comparison.hpp"

#include "coordinator/compare/output/figure_words.hpp"
#include "coordinator/text/markup_text.hpp"

namespace squall::coordinator {

namespace {

std::string outcome(const char* element, const std::string& type, const std::string& message) {
  return std::string("    <") + element + " type=" + xml_attribute(type) +
         " message=" + xml_attribute(message) + "/>\n";
}

std::string test_case(const std::string& suite, const std::string& name, Judgement judgement,
                      const std::string& message) {
  std::string text =
      "  <testcase classname=" + xml_attribute(suite) + " name=" + xml_attribute(name) + ">\n";
  if (judgement == Judgement::regression) text += outcome("failure", word(judgement), message);
  if (judgement == Judgement::inconclusive || judgement == Judgement::incomparable)
    text += outcome("error", word(judgement), message);
  return text + "  </testcase>\n";
}

/// What the reader must know of any run, such as that it was simulated.
std::string properties(const std::vector<std::string>& banners) {
  if (banners.empty()) return {};
  std::string text = "  <properties>\n";
  for (const auto& banner : banners)
    text += "    <property name=\"banner\" value=" + xml_attribute(banner) + "/>\n";
  return text + "  </properties>\n";
}

std::string message_of(const FigureComparison& figure) {
  if (!figure.measured()) return figure.why;
  return figure.figure + " changed by " + change_text(figure, figure.change) +
         " (95 %: " + interval_text(figure) + "; p " + p_text(figure.adjusted_p) +
         "): " + figure.why;
}

}  // namespace

std::string junit_comparison(const RunComparison& comparison) {
  const std::string suite = comparison.base.name + " against " + comparison.run.name;
  std::string cases;
  std::size_t tests = 0;
  std::size_t failures = 0;
  std::size_t errors = 0;
  const auto add = [&](const std::string& name, Judgement judgement, const std::string& message) {
    ++tests;
    if (judgement == Judgement::regression)
      ++failures;
    else if (judgement != Judgement::pass)
      ++errors;
    cases += test_case(suite, name, judgement, message);
  };
  if (!comparison.comparability.comparable())
    add("comparable", Judgement::incomparable, comparison.sentence);
  for (const auto& figure : comparison.figures)
    if (figure.margin) add(figure.figure, figure.judgement, message_of(figure));
  if (const auto& ending = comparison.ending) {
    ++tests;
    ++errors;
    cases += "  <testcase classname=" + xml_attribute(suite) + " name=\"course\">\n" +
             outcome("error", ending->word, ending->sentence) + "  </testcase>\n";
  }
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"squall compare\" tests=\"" +
         std::to_string(tests) + "\" failures=\"" + std::to_string(failures) + "\" errors=\"" +
         std::to_string(errors) + "\" skipped=\"0\">\n" + properties(comparison.banners) + cases +
         "</testsuite>\n";
}

}  // namespace squall::coordinator
