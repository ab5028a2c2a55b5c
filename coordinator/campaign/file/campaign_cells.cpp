#include "coordinator/campaign/file/campaign_cells.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <tuple>

#include "coordinator/campaign/file/derived_scenario.hpp"
#include "coordinator/campaign/file/matrix_reader.hpp"
#include "coordinator/campaign/file/toml_text.hpp"
#include "coordinator/run/run_replay.hpp"
#include "scenarios/schema/nearest_name.hpp"
#include "scenarios/schema/scenario_parser.hpp"
#include "scenarios/schema/scenario_reader.hpp"
#include "scenarios/schema/scenario_setting.hpp"

namespace squall::coordinator {

using namespace scenarios;

namespace {

constexpr std::string_view model_key = "target.model";
constexpr std::size_t longest_tag = 100;

/// One value of each axis; an index into the variants before them.
struct Combination {
  const CampaignVariant* variant = nullptr;
  std::vector<std::pair<const CampaignAxis*, const AxisValue*>> values;

  std::map<std::string, std::string> labels() const {
    std::map<std::string, std::string> all;
    if (variant != nullptr) all[std::string(title_of_variants)] = variant->name;
    for (const auto& [axis, value] : values) all[axis->title] = value->label;
    return all;
  }
  std::string label() const {
    std::string text = variant == nullptr ? "" : variant->name;
    for (const auto& [axis, value] : values)
      text += (text.empty() ? "" : ", ") + axis->title + "=" + value->label;
    return text.empty() ? "the scenario" : text;
  }
};

bool excluded(const CampaignFile& campaign, const Combination& combination) {
  const auto labels = combination.labels();
  return std::any_of(
      campaign.excludes.begin(), campaign.excludes.end(), [&](const CampaignExclude& exclude) {
        return std::all_of(exclude.all_of.begin(), exclude.all_of.end(), [&](const auto& match) {
          const auto found = labels.find(match.title);
          return found != labels.end() && std::find(match.labels.begin(), match.labels.end(),
                                                    found->second) != match.labels.end();
        });
      });
}

std::vector<Combination> combinations(const CampaignFile& campaign) {
  std::vector<Combination> all;
  for (const auto& variant : campaign.variants) all.push_back({&variant, {}});
  if (all.empty()) all.emplace_back();
  for (const auto& axis : campaign.axes) {
    std::vector<Combination> longer;
    for (const auto& each : all)
      for (const auto& value : axis.values) {
        longer.push_back(each);
        longer.back().values.emplace_back(&axis, &value);
      }
    all = std::move(longer);
  }
  std::erase_if(all, [&](const Combination& each) { return excluded(campaign, each); });
  return all;
}

/// Letters, digits and '-', where stores take no more.
std::string plain(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool letter =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (letter || (c == '.' && !out.empty() && out.back() != '.'))
      out += c;
    else if (!out.empty() && out.back() != '-')
      out += '-';
  }
  while (!out.empty() && (out.back() == '-' || out.back() == '.')) out.pop_back();
  return out;
}

/// What `model` is called in another format; empty: its name does not say its format.
std::string in_format(const std::string& model, const std::string& format) {
  static constexpr std::string_view place = "{format}";
  if (const auto at = model.find(place); at != std::string::npos) {
    std::string named = model;
    return named.replace(at, place.size(), format);
  }
  if (!model.starts_with("synthetic:")) return {};
  return model.substr(0, model.find('/')) + "/" + format;
}

/// The model that the text names; empty: none.
std::string model_in(const std::string& text, const std::string& file) {
  const DocumentNode root = parse_toml_document(text, file);
  const DocumentEntry* const target = root.find("target");
  if (target == nullptr || target->value.kind != DocumentNode::Kind::table) return {};
  const DocumentEntry* const model = target->value.find("model");
  return model == nullptr ? std::string() : model->value.text;
}

class CellMaker {
 public:
  CellMaker(const CampaignFile& campaign, const std::string& folder, const std::string& scenario,
            const ReadScenario& read)
      : campaign_(campaign), folder_(folder), scenario_(scenario), read_(read) {}

  std::vector<CampaignCell> all() {
    std::vector<CampaignCell> cells;
    for (const auto& each : combinations(campaign_))
      if (auto cell = make(each)) cells.push_back(std::move(*cell));
    if (!mistakes_.empty()) throw ScenarioError(campaign_.file, mistakes_.take());
    if (cells.empty())
      throw ScenarioError(campaign_.file,
                          {{campaign_.matrix_place.line, campaign_.matrix_place.column,
                            "every combination is left out; nothing would run"}});
    give_tags(cells);
    return cells;
  }

 private:
  std::string file_of(const Combination& combination) {
    const auto* variant = combination.variant;
    const bool own = variant != nullptr && !variant->scenario.empty();
    const std::string& named = own ? variant->scenario : campaign_.scenario;
    if (!own && !scenario_.empty()) return scenario_;
    if (!named.empty()) return (std::filesystem::path(folder_) / named).lexically_normal().string();
    note(campaign_.name_place,
         "the campaign lacks 'scenario'; add scenario = \"chat.toml\" below "
         "its name, or name one on the command line");
    return {};
  }

  /// Each file is read once.
  const std::string& text_of(const std::string& file) {
    const auto found = texts_.find(file);
    if (found != texts_.end()) return found->second;
    std::string text = read_(file);
    parse_scenario(text, file);  // its own mistakes have their places there
    return texts_.emplace(file, std::move(text)).first->second;
  }

  void note(Place place, const std::string& message) {
    if (noted_.insert({place.line, place.column, message}).second) mistakes_.add(place, message);
  }

  std::vector<std::string> settings_of(const Combination& combination, const std::string& text,
                                       const std::string& file) {
    std::vector<std::string> settings = campaign_.settings;
    if (combination.variant != nullptr)
      settings.insert(settings.end(), combination.variant->settings.begin(),
                      combination.variant->settings.end());
    const AxisValue* format = nullptr;
    for (const auto& [axis, value] : combination.values) {
      if (axis->key == axis_of_formats)
        format = value;
      else
        settings.push_back(axis->key + "=" + value->setting);
    }
    if (format == nullptr) return settings;
    const std::string model = model_in(with_settings(text, settings), file);
    const std::string named = in_format(model, format->label);
    if (named.empty())
      note(format->place, "format: the model " + scenarios::quoted(model) +
                              " does not say its format; name it as synthetic:SHAPE/FORMAT, or "
                              "with {format} in its name, such as \"tiny-{format}.gguf\"");
    else
      settings.push_back(std::string(model_key) + "=\"" + named + "\"");
    return settings;
  }

  /// Where a mistake of a cell stands in the campaign: at the value that alone makes it.
  Place place_of(const Combination& combination, const std::string& text, const std::string& file) {
    for (const auto& [axis, value] : combination.values) {
      if (axis->key == axis_of_formats) continue;
      try {
        parse_scenario(with_setting(text, axis->key + "=" + value->setting), file);
      } catch (const std::runtime_error&) {
        return value->place;
      }
    }
    if (combination.variant != nullptr) return combination.variant->place;
    return campaign_.matrix_place;
  }

  std::optional<CampaignCell> make(const Combination& combination) {
    CampaignCell cell;
    cell.scenario = file_of(combination);
    if (cell.scenario.empty()) return std::nullopt;
    cell.label = combination.label();
    cell.values = combination.labels();
    for (const auto& [axis, value] : combination.values)
      if (value->number) cell.numbers[axis->title] = *value->number;
    std::string text = text_of(cell.scenario);
    DocumentNode replace = campaign_.replace;
    if (combination.variant != nullptr)
      replace = replaced(std::move(replace), combination.variant->replace);
    const bool derived = !replace.entries.empty();
    if (derived) text = with_tables(text, cell.scenario, replace);
    try {
      cell.settings = settings_of(combination, text, cell.scenario);
      const std::string changed = with_settings(text, cell.settings);
      const Scenario scenario = parse_scenario(changed, cell.scenario);
      cell.planned = scenario.phases.warm_up + scenario.phases.measure;
      if (derived) take_derived(cell, changed);
      cell.identity = identity_of(changed, combination);
    } catch (const ScenarioError& error) {
      note(place_of(combination, text, cell.scenario),
           cell.label + ": " + error.mistakes().front().message);
      return std::nullopt;
    } catch (const SettingError& error) {
      note(place_of(combination, text, cell.scenario), cell.label + ": " + error.what());
      return std::nullopt;
    }
    return cell;
  }

  static void take_derived(CampaignCell& cell, const std::string& text) {
    const auto folder = std::filesystem::absolute(cell.scenario).parent_path();
    cell.derived = with_absolute_files(text, cell.scenario, folder);
    cell.settings.clear();
  }

  /// Two variants may run the same, to see how far equal things lie apart.
  std::string identity_of(const std::string& text, const Combination& combination) const {
    std::string all = text;
    if (combination.variant != nullptr) all += "\n" + combination.variant->name;
    for (const auto& option : campaign_.options) all += "\n" + option;
    return hash_of_scenario(all);
  }

  void give_tags(std::vector<CampaignCell>& cells) const {
    const std::string campaign = slug_of(campaign_.name);
    std::map<std::string, int> uses;
    for (auto& cell : cells) {
      cell.tag = (campaign + "." + plain(cell.label)).substr(0, longest_tag);
      ++uses[cell.tag];
    }
    for (auto& cell : cells)
      if (uses[cell.tag] > 1) cell.tag += "-" + cell.identity.substr(0, 8);
  }

  const CampaignFile& campaign_;
  const std::string& folder_;
  const std::string& scenario_;
  const ReadScenario& read_;
  std::map<std::string, std::string> texts_;
  Mistakes mistakes_;
  std::set<std::tuple<unsigned, unsigned, std::string>> noted_;
};

}  // namespace

std::vector<CampaignCell> cells_of(const CampaignFile& campaign, const std::string& folder,
                                   const std::string& scenario, const ReadScenario& read) {
  return CellMaker(campaign, folder, scenario, read).all();
}

std::string slug_of(const std::string& name) {
  std::string slug = plain(name);
  std::replace(slug.begin(), slug.end(), '.', '-');  // what follows a '.' is the cell
  if (slug.empty()) slug = "campaign";
  // Names that begin like a run's would be taken for one.
  if ((slug[0] >= '0' && slug[0] <= '9') || slug == "last") slug = "c-" + slug;
  return slug.substr(0, 60);
}

}  // namespace squall::coordinator
