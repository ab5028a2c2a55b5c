#include "scenarios/schema/sections/simulated_keys.hpp"

#include "scenarios/schema/nearest_name.hpp"
#include "scenarios/schema/sections/section_table.hpp"

namespace squall::scenarios {

namespace {

constexpr std::size_t most_freezes = 100;

void read_freezes(const TableReader& reader, SimulatedSettings& simulated) {
  constexpr auto keys = std::to_array<std::string_view>({"at", "length"});
  Mistakes& mistakes = reader.mistakes();
  for (const DocumentNode* item :
       reader.tables("freezes", "an array of tables such as [{ at = \"5s\", length = \"6s\" }]",
                     most_freezes)) {
    const TableReader freeze(*item, "a freeze", mistakes);
    freeze.refuse_unknown_keys(keys, {});
    freeze.require("at", "at = \"5s\", from the start of the load");
    freeze.require("length", "length = \"6s\"");
    SimulatedSettings::Freeze read;
    assign(read.at, freeze.duration("at", any_duration));
    assign(read.length, freeze.duration("length", positive_duration));
    simulated.freezes.push_back(read);
  }
}

void read_slow_agent(const TableReader& reader, SimulatedSettings& simulated) {
  const DocumentEntry* const agent = reader.find("slow_agent");
  const DocumentEntry* const factor = reader.find("slow_factor");
  assign(simulated.slow_agent, reader.whole("slow_agent", 0, 100'000));
  assign(simulated.slow_factor, reader.number("slow_factor", {0, 1'000'000, true}));
  if ((agent == nullptr) != (factor == nullptr)) {
    const DocumentEntry& alone = agent != nullptr ? *agent : *factor;
    reader.mistakes().add(alone.key_place,
                          "'slow_agent' (its index, from 0) and 'slow_factor' (how many times "
                          "slower) go together; add the other, or remove both");
  }
}

}  // namespace

void read_simulated_keys(const TableReader& reader, SimulatedSettings& simulated) {
  read_distribution_into(reader, "first_token", DistributionUnit::seconds, simulated.first_token);
  read_distribution_into(reader, "token_gap", DistributionUnit::seconds, simulated.token_gap);
  assign(simulated.servers, reader.whole("servers", 0, 1'000'000));
  assign(simulated.error_rate, reader.number("error_rate", share_of_one));
  assign(simulated.refuse_rate, reader.number("refuse_rate", share_of_one));
  read_freezes(reader, simulated);
  read_slow_agent(reader, simulated);
}

}  // namespace squall::scenarios
