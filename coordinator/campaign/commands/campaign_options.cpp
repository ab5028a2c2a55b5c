#include "coordinator/campaign/commands/campaign_options.hpp"

#include "coordinator/campaign/course/json_campaign_file.hpp"
#include "coordinator/campaign/file/derived_scenario.hpp"
#include "coordinator/campaign/file/toml_text.hpp"
#include "coordinator/campaign/suites/suites.hpp"
#include "coordinator/commands/run_options.hpp"
#include "coordinator/run_folder.hpp"
#include "scenarios/schema/scenario_parser.hpp"

namespace squall::coordinator {

using scenarios::DocumentNode;

namespace {

std::string toml_string(const std::string& text) {
  DocumentNode node;
  node.kind = DocumentNode::Kind::text;
  node.text = text;
  return toml_value(node);
}

/// { target = { kind = "openai", url = … } }
DocumentNode server_target(const CampaignOptions& options, const std::string& model) {
  std::string text = "[target]\nkind = \"openai\"\nurl = " + toml_string(options.url) + "\n";
  if (!model.empty()) text += "model = " + toml_string(model) + "\n";
  return scenarios::parse_toml_document(text, "--url");
}

void aim_at_server(CampaignFile& campaign, const CampaignOptions& options) {
  if (options.suite != "comparative") {
    const auto& model = options.server_model.empty() ? options.model : options.server_model;
    campaign.replace = replaced(std::move(campaign.replace), server_target(options, model));
    return;
  }
  for (auto& variant : campaign.variants)
    if (variant.name == "server")
      variant.replace =
          replaced(std::move(variant.replace), server_target(options, options.server_model));
}

void choose_model(CampaignFile& campaign, const CampaignOptions& options) {
  const std::string setting = "target.model=" + toml_string(options.model);
  if (options.suite != "comparative") {
    if (options.url.empty()) campaign.settings.push_back(setting);
    return;
  }
  for (auto& variant : campaign.variants)
    if (variant.name == "local") variant.settings.push_back(setting);
}

CampaignFile read_campaign(const CampaignOptions& options) {
  if (options.suite.empty())
    return parse_campaign(read_text_file(options.file, "cannot read campaign",
                                         "scenarios/campaigns/ has ready-made ones"),
                          options.file);
  CampaignFile campaign = suite(options.suite);
  // Suites of two scenarios have nothing to do with each other.
  campaign.name += "-" + std::filesystem::path(options.file).stem().string();
  return campaign;
}

void check(const CampaignOptions& options) {
  if (options.file.empty() && options.suite.empty())
    throw UsageError(
        "which campaign? squall campaign FILE, or squall campaign --suite NAME SCENARIO; "
        "scenarios/campaigns/ has examples, suites are " +
        names_of_suites());
  if (options.file.empty())
    throw UsageError("which scenario? squall campaign --suite " + options.suite +
                     " scenarios/smoke.toml");
  if (options.suite == "comparative" && options.url.empty())
    throw UsageError(
        "the suite comparative runs the scenario here and at a server: add --url "
        "http://HOST:PORT/v1");
  if (!options.suite.empty() && !options.scenario.empty())
    throw UsageError("with --suite the scenario is what stands behind it; leave out --scenario");
  if (!options.server_model.empty() && options.url.empty())
    throw UsageError("--server-model is how a server knows its model; add --url");
  if (static_cast<int>(options.fresh) + options.next + options.resume > 1)
    throw UsageError(
        "--fresh begins anew, --resume goes on, --next begins anew when nothing is missing; give "
        "one of them");
}

}  // namespace

LoadedCampaign load_campaign(const CampaignOptions& options) {
  check(options);
  LoadedCampaign loaded{read_campaign(options), {}, {}, {}};
  CampaignFile& campaign = loaded.campaign;
  if (options.repeats) campaign.repeats = *options.repeats;
  campaign.settings.insert(campaign.settings.end(), options.settings.begin(),
                           options.settings.end());
  if (!options.url.empty()) aim_at_server(campaign, options);
  if (!options.model.empty()) choose_model(campaign, options);
  const std::string scenario = options.suite.empty() ? options.scenario : options.file;
  const std::string folder = std::filesystem::path(options.file).parent_path().string();
  loaded.cells = cells_of(campaign, folder, scenario, [](const std::string& file) {
    return read_text_file(file, "cannot read scenario", "scenarios/ has ready-made ones");
  });
  loaded.slug = slug_of(campaign.name);
  loaded.folder = campaign_folder(state_folder(options.state), loaded.slug);
  return loaded;
}

}  // namespace squall::coordinator
