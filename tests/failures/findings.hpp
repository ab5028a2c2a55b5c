#pragma once
// What must hold of every report, whatever befell the run; and what a report says of some part.

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "tests/failures/campaign.hpp"

namespace squall::tests {

inline std::uint64_t count(const nlohmann::json& of, const char* name) {
  return of.at(name).get<std::uint64_t>();
}

inline std::uint64_t both_phases(const nlohmann::json& ledger, const char* name) {
  return count(ledger.at("warm_up"), name) + count(ledger.at("measure"), name);
}

inline const nlohmann::json& total_account(const nlohmann::json& report) {
  return report.at("ledger").at("total").at("account");
}

/// Null where there is no agent of that name.
inline nlohmann::json agent_named(const nlohmann::json& list, const std::string& name) {
  for (const auto& agent : list)
    if (agent.at("name") == name) return agent;
  return nullptr;
}

inline bool was_lost(const nlohmann::json& report, std::size_t agent) {
  const auto found = agent_named(report.at("agents"), "agent-" + std::to_string(agent));
  return found.is_null() || !found.at("lost").is_null();
}

/// "failed", "passed", "warning", …; empty where the audit has no such line.
inline std::string audit_status(const nlohmann::json& report, const std::string& name) {
  for (const auto& line : report.at("audit"))
    if (line.at("name") == name) return line.at("status").get<std::string>();
  return {};
}

/// Whether agents got the CPU when they needed it. Else even a lease may lapse on a sound network.
inline bool machine_kept_up(const nlohmann::json& report) {
  return audit_status(report, "agents' loop lag") != "failed";
}

/// Audit lines that fail where the machine is too busy or the network too slow to measure well:
/// they may make any run invalid, and say nothing about counts.
inline bool only_the_machine_failed(const nlohmann::json& report) {
  static const std::set<std::string> of_the_machine{
      "Little's law",    "clock offset",   "common start",     "agents' loop lag",
      "generator's CPU", "dispatch delay", "late and dropped", "agents' capacity"};
  bool any = false;
  for (const auto& line : report.at("audit")) {
    if (line.at("status") != "failed") continue;
    any = true;
    const std::string name = line.at("name");
    const bool lapsed = name == "leases" && !machine_kept_up(report);
    if (of_the_machine.count(name) == 0 && !lapsed) return false;
  }
  return any;
}

inline bool passed_or_too_busy(const nlohmann::json& report) {
  const std::string outcome = report.at("verdict").at("outcome");
  return outcome == "pass" ||
         (outcome == "invalid" && report.at("broken").is_null() && only_the_machine_failed(report));
}

/// Requests that came due and have neither an end nor a reason not to have been sent: 0 once an
/// agent has sealed its figures, negative never.
inline std::int64_t without_end(const nlohmann::json& ledger) {
  const auto of = [&](const char* name) { return static_cast<std::int64_t>(count(ledger, name)); };
  BOOST_TEST(of("scheduled") >= of("issued") + of("dropped_late") + of("cancelled_before_send"));
  const auto ended = of("ok") + of("error") + of("timeout") + of("cancelled") + of("open_at_end");
  BOOST_TEST(of("issued") >= ended);
  return of("scheduled") - of("dropped_late") - of("cancelled_before_send") - ended;
}

inline std::int64_t without_end_in_both(const nlohmann::json& ledger) {
  return without_end(ledger.at("warm_up")) + without_end(ledger.at("measure"));
}

/// The report, against itself and against the target's log.
inline void check_truth(Campaign& campaign, const Campaign::Ended& ended) {
  BOOST_TEST_MESSAGE(ended.output);
  BOOST_REQUIRE_MESSAGE(!ended.report.is_null(), "no report; exit code " << ended.exit_code);
  const auto& report = ended.report;
  BOOST_TEST(ended.exit_code == report.at("verdict").at("exit_code").get<int>());

  const auto& ledger = report.at("ledger");
  const auto& account = total_account(report);
  BOOST_TEST(count(account, "lost") ==
             count(account, "lost_in_flight") + count(account, "never_reported"));
  BOOST_TEST(count(account, "surplus") == 0u);

  BOOST_TEST(without_end_in_both(ledger.at("total")) ==
             static_cast<std::int64_t>(count(account, "lost_in_flight")));

  const TargetLog asked = campaign.asked();
  for (std::size_t i = 0; i < report.at("agents").size(); ++i) {
    const auto of_agent = agent_named(ledger.at("agents"), "agent-" + std::to_string(i));
    if (of_agent.is_null()) continue;
    const auto seen = asked.count(Campaign::address_of_agent(i));
    const auto issued = both_phases(of_agent, "issued");
    // What was abandoned may never have got there.
    const auto abandoned = both_phases(of_agent, "cancelled") +
                           both_phases(of_agent, "open_at_end") +
                           static_cast<std::uint64_t>(without_end_in_both(of_agent));
    BOOST_TEST(seen + abandoned >= issued, "agent-" << i << " says that it asked " << issued
                                                    << " times; the target heard " << seen);
    // Sealed figures are complete: then the target heard nothing that is not among them.
    const auto agent = agent_named(report.at("agents"), "agent-" + std::to_string(i));
    if (!agent.at("sealed_batches").is_null() && agent.at("sealed_batches") == agent.at("batches"))
      BOOST_TEST(seen <= issued,
                 "agent-" << i << " sealed " << issued << " requests; the target heard " << seen);
  }
  // The first request may itself have been late, on a busy machine by so much.
  constexpr double seconds_late = 0.5;
  const double rate = campaign.load().rate;
  BOOST_TEST(asked.most_ahead_of(rate) <= 1 + seconds_late * rate,
             "ahead of the plan by " << asked.most_ahead_of(rate) << " requests");
  if (report.at("verdict").at("outcome") == "pass" && campaign.load().may_lose == 0)
    BOOST_TEST(count(account, "lost") == 0u);
}

}  // namespace squall::tests
