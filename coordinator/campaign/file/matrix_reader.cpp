#include "coordinator/campaign/file/matrix_reader.hpp"

#include <algorithm>
#include <array>

#include "coordinator/campaign/file/toml_text.hpp"
#include "scenarios/schema/nearest_name.hpp"

namespace squall::coordinator {

using namespace scenarios;
using Kind = DocumentNode::Kind;

namespace {

/// What people call the axes that nearly every campaign has.
struct ShortName {
  std::string_view in_file, key, title;
};
constexpr auto short_names = std::to_array<ShortName>({
    {"models", "target.model", "model"},
    {"formats", axis_of_formats, "format"},
    {"devices", "target.device", "device"},
    {"users", "users.count", "users"},
    {"rates", "arrivals.rate", "rate"},
});

std::string key_of(const std::string& name) {
  for (const auto& each : short_names)
    if (name == each.in_file || (name == each.title && name.find('.') == std::string::npos))
      return std::string(each.key);
  return name;
}

std::string title_of(const std::string& key) {
  for (const auto& each : short_names)
    if (key == each.key) return std::string(each.title);
  return key;
}

std::string label_of(const DocumentNode& value) {
  return value.kind == Kind::text ? value.text : toml_value(value);
}

AxisValue value_of(const DocumentNode& node) {
  AxisValue value{toml_value(node), label_of(node), std::nullopt, node.place};
  if (node.kind == Kind::integer) value.number = static_cast<double>(node.integer);
  if (node.kind == Kind::real) value.number = node.real;
  return value;
}

/// The paths of a table and what stands there: users.count = [1, 2], or [matrix.users] count = …
void walk(const DocumentNode& table, const std::string& before,
          std::vector<std::pair<std::string, const DocumentEntry*>>& found) {
  for (const auto* entry : in_order(table)) {
    const std::string path = before + entry->key;
    if (entry->value.kind == Kind::table)
      walk(entry->value, path + ".", found);
    else
      found.emplace_back(path, entry);
  }
}

void read_axis(const std::string& name, const DocumentEntry& entry, CampaignFile& campaign,
               Mistakes& mistakes) {
  if (entry.value.kind != Kind::array || entry.value.items.empty()) {
    mistakes.add(entry.value.place,
                 wrong_kind(entry, "an array of values") +
                     (entry.value.kind == Kind::array ? " without any" : "") + "; write " +
                     visible(entry.key) + " = [" +
                     (entry.value.kind == Kind::array ? "1, 2" : shown(entry.value)) + "]");
    return;
  }
  CampaignAxis axis{key_of(name), {}, {}, entry.key_place};
  axis.title = title_of(axis.key);
  for (const auto& each : campaign.axes)
    if (each.key == axis.key)
      mistakes.add(entry.key_place, quoted(name) + " and an axis above are the same setting, " +
                                        quoted(axis.key) + "; keep one of them");
  for (const auto& item : entry.value.items) {
    AxisValue value = value_of(item);
    const auto same = [&](const AxisValue& each) { return each.label == value.label; };
    if (std::any_of(axis.values.begin(), axis.values.end(), same))
      mistakes.add(item.place, quoted(name) + " has " + quoted(value.label) +
                                   " twice; 'repeats' runs every cell several times");
    axis.values.push_back(std::move(value));
  }
  campaign.axes.push_back(std::move(axis));
}

struct KnownAxis {
  std::string title;
  std::vector<std::string> labels;
};

std::vector<KnownAxis> known_axes(const CampaignFile& campaign) {
  std::vector<KnownAxis> known;
  if (!campaign.variants.empty()) {
    known.push_back({std::string(title_of_variants), {}});
    for (const auto& variant : campaign.variants) known.back().labels.push_back(variant.name);
  }
  for (const auto& axis : campaign.axes) {
    known.push_back({axis.title, {}});
    for (const auto& value : axis.values) known.back().labels.push_back(value.label);
  }
  return known;
}

/// "; did you mean …?" of strings that live elsewhere.
std::string ending(const std::string& word, const std::vector<std::string>& known,
                   std::string_view plural) {
  const std::vector<std::string_view> names(known.begin(), known.end());
  return nearest_or_all(word, names, plural);
}

std::optional<CampaignExclude::Match> read_match(const std::string& name,
                                                 const DocumentEntry& entry,
                                                 const std::vector<KnownAxis>& known,
                                                 Mistakes& mistakes) {
  const std::string title = name == "variants" ? "variant" : title_of(key_of(name));
  const auto axis = std::find_if(known.begin(), known.end(),
                                 [&](const KnownAxis& each) { return each.title == title; });
  if (axis == known.end()) {
    std::vector<std::string> titles;
    for (const auto& each : known) titles.push_back(each.title);
    mistakes.add(entry.key_place,
                 "exclude: the matrix has no axis " + quoted(name) + ending(name, titles, "axes"));
    return std::nullopt;
  }
  CampaignExclude::Match match{title, {}};
  const bool several = entry.value.kind == Kind::array;
  const std::vector<DocumentNode> one{entry.value};
  for (const auto& item : several ? entry.value.items : one) {
    const std::string label = label_of(item);
    if (std::find(axis->labels.begin(), axis->labels.end(), label) == axis->labels.end())
      mistakes.add(item.place, "exclude: " + quoted(title) + " never is " + quoted(label) +
                                   ending(label, axis->labels, "values"));
    match.labels.push_back(label);
  }
  return match;
}

void read_excludes(const TableReader& reader, CampaignFile& campaign) {
  const auto known = known_axes(campaign);
  constexpr std::string_view wanted =
      "an array of tables such as [{ users = 16, device = \"cpu\" }]";
  for (const auto* node : reader.tables("exclude", wanted, 1000)) {
    CampaignExclude exclude{{}, node->place};
    std::vector<std::pair<std::string, const DocumentEntry*>> entries;
    walk(*node, "", entries);
    if (entries.empty())
      reader.mistakes().add(node->place, "exclude: an empty table would leave out everything");
    for (const auto& [name, entry] : entries)
      if (auto match = read_match(name, *entry, known, reader.mistakes()))
        exclude.all_of.push_back(std::move(*match));
    campaign.excludes.push_back(std::move(exclude));
  }
}

}  // namespace

void read_matrix(const TableReader& reader, CampaignFile& campaign) {
  campaign.matrix_place = reader.place();
  if (const DocumentEntry* const matrix = reader.find("matrix")) {
    campaign.matrix_place = matrix->key_place;
    if (matrix->value.kind != Kind::table) {
      reader.mistakes().add(matrix->value.place,
                            wrong_kind(*matrix, "a table, opened by the line [matrix]"));
      return;
    }
    std::vector<std::pair<std::string, const DocumentEntry*>> axes;
    walk(matrix->value, "", axes);
    for (const auto& [name, entry] : axes) read_axis(name, *entry, campaign, reader.mistakes());
  }
  std::size_t cells = std::max<std::size_t>(1, campaign.variants.size());
  for (const auto& axis : campaign.axes)
    cells = std::min(most_cells + 1, cells * std::max<std::size_t>(1, axis.values.size()));
  if (cells > most_cells)
    reader.mistakes().add(campaign.matrix_place, "the matrix has more than " +
                                                     std::to_string(most_cells) +
                                                     " combinations; split the campaign");
  read_excludes(reader, campaign);
}

}  // namespace squall::coordinator
