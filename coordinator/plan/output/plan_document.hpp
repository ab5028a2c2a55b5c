#pragma once
// A capacity report as headings, sentences, tables and charts, without markup: made once, written
// as a page, as Markdown or as text. The answer comes first; what it rests on has a section of its
// own.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/pages/chart.hpp"
#include "coordinator/pages/page.hpp"
#include "coordinator/plan/answers/capacity_answers.hpp"
#include "coordinator/plan/answers/machine_mix.hpp"
#include "coordinator/plan/simulation/simulated_plan.hpp"

namespace squall::coordinator {

struct DocumentSection {
  std::string id, heading;
  std::vector<std::string> paragraphs{};
  std::vector<std::string> items{};
  std::vector<PageTable> tables{};
  std::vector<Chart> charts{};                               // pages only
  std::vector<std::pair<std::string, std::string>> texts{};  // heading and text as it is
  std::vector<std::pair<std::string, std::string>> terms{};  // glossary
};

struct PlanDocument {
  std::string title;
  PageCell::Tone tone = PageCell::Tone::plain;
  std::string word, why;  // the verdict
  std::vector<std::string> banners{};
  std::vector<DocumentSection> sections{};
};

/// `simulated`: none was asked.
PlanDocument plan_document(const CapacityPlan& plan, const PlanQuestions& questions,
                           const std::optional<SimulatedPlan>& simulated = {});

/// Of several plans, each of another kind of machine, and how many of each there are.
struct MixedFleet {
  std::vector<CapacityPlan> plans;                           // of one kind of load
  std::vector<std::pair<std::string, std::uint32_t>> fleet;  // by machine_kind
};
PlanDocument mix_document(const MixedFleet& mix, const PlanQuestions& questions);

/// The kinds of a mixed fleet with what each was measured to serve.
std::vector<MeasuredKind> measured_kinds(const MixedFleet& mix, const PlanQuestions& questions);

std::string document_page(const PlanDocument& document);
std::string document_markdown(const PlanDocument& document);

struct DocumentTextStyle {
  bool colour = false;
  std::size_t width = 100;
};
/// For a terminal; without what is there for reference only (charts, scenario, glossary).
std::string document_text(const PlanDocument& document, const DocumentTextStyle& style);

}  // namespace squall::coordinator
