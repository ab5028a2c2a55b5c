// scenarios/load/agent_share: agents of any weights, and those who take over, make the whole load.

#include "scenarios/load/agent_share.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>
#include <map>
#include <tuple>
#include <vector>

#include "scenarios/load/random.hpp"
#include "tests/scenarios/load/sample_loads.hpp"

using namespace squall::scenarios;
using squall::tests::sample_loads;

namespace {

// Of agents with these weights, one after another.
std::vector<AgentShare> shares_of(const std::vector<std::uint32_t>& weights) {
  std::uint32_t count = 0;
  for (const std::uint32_t weight : weights) count += weight;
  std::vector<AgentShare> shares;
  std::uint32_t index = 0;
  for (const std::uint32_t weight : weights) {
    shares.push_back({index, count, weight});
    index += weight;
  }
  return shares;
}

std::vector<AgentShare> random_shares(std::size_t agents, Random& random) {
  std::vector<std::uint32_t> weights(agents);
  for (auto& weight : weights) weight = static_cast<std::uint32_t>(1 + random.next() % 9);
  return shares_of(weights);
}

std::vector<AgentShare> pieces_of(AgentShare share, std::uint32_t parts) {
  std::vector<AgentShare> pieces;
  for (std::uint32_t part = 0; part < parts; ++part) pieces.push_back(share.piece(part, parts));
  return pieces;
}

// Everything that a plan says about when: an item, a stretch of it, from when, until when.
using Planned =
    std::multimap<std::tuple<std::uint64_t, std::uint32_t>, std::pair<nanoseconds, nanoseconds>>;

Planned planned_by(const squall::tests::SampleLoad& load, const std::vector<AgentShare>& shares) {
  Planned all;
  for (const AgentShare share : shares) {
    const LoadPlan plan = make_load_plan(load.scenario, share, load.trace);
    for (const PlannedUser& user : plan.users)
      all.insert({{user.user, user.stretch}, {user.start, user.end}});
    std::uint64_t came = 0;
    for (const auto stream = arrivals_of(load.scenario, plan); const auto one = stream->next();) {
      all.insert({{one->arrival, 0}, {one->at, nanoseconds{0}}});
      ++came;
    }
    BOOST_TEST(came == plan.arrivals);
  }
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_item_has_one_owner_whatever_the_weights) {
  Random random(1);
  for (std::size_t agents = 1; agents <= 64; ++agents) {
    const auto shares = random_shares(agents, random);
    for (std::uint64_t item = 0; item < 2'000; ++item) {
      int owners = 0;
      for (const AgentShare share : shares) owners += share.owns(item) ? 1 : 0;
      BOOST_REQUIRE(owners == 1);
    }
  }
}

BOOST_AUTO_TEST_CASE(items_of_a_share_are_numbered_in_order_and_without_gaps) {
  Random random(2);
  for (std::size_t agents = 1; agents <= 64; ++agents) {
    for (const AgentShare share : random_shares(agents, random)) {
      std::uint64_t number = 0;
      for (std::uint64_t item = 0; item < 2'000; ++item) {
        if (!share.owns(item)) continue;
        BOOST_REQUIRE(share.number_of(item) == number);
        BOOST_REQUIRE(share.item_at(number) == item);
        ++number;
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(an_agent_of_twice_the_weight_has_twice_the_items) {
  const auto shares = shares_of({1, 2, 5});
  for (const AgentShare share : shares) {
    std::uint64_t items = 0;
    for (std::uint64_t item = 0; item < 8'000; ++item) items += share.owns(item) ? 1 : 0;
    BOOST_TEST(items == 1'000u * share.width);
  }
}

BOOST_AUTO_TEST_CASE(shares_of_any_weights_add_up_to_the_whole_of_any_load) {
  Random random(3);
  for (const auto& load : sample_loads()) {
    const Planned whole = planned_by(load, {AgentShare{}});
    BOOST_TEST(whole.size() > 30u);
    for (std::size_t agents = 1; agents <= 64; agents += agents < 8 ? 1 : 7) {
      const Planned united = planned_by(load, random_shares(agents, random));
      BOOST_TEST((united == whole), load.name << ", " << agents << " agents");
    }
  }
}

BOOST_AUTO_TEST_CASE(pieces_of_a_share_are_the_share_and_so_are_pieces_of_pieces) {
  Random random(4);
  for (const auto& load : sample_loads()) {
    for (const AgentShare share : {AgentShare{}, AgentShare{2, 7, 3}, AgentShare{0, 5, 1}}) {
      const Planned whole = planned_by(load, {share});
      for (const std::uint32_t parts : {1u, 2u, 3u, 17u}) {
        auto pieces = pieces_of(share, parts);
        BOOST_TEST((planned_by(load, pieces) == whole), load.name << ", " << parts << " pieces");
        // One of those who took over is lost too.
        const AgentShare lost = pieces[random.next() % parts];
        std::erase(pieces, lost);
        for (const AgentShare piece : pieces_of(lost, 3)) pieces.push_back(piece);
        BOOST_TEST((planned_by(load, pieces) == whole), load.name << ", " << parts << " pieces");
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_share_says_into_how_many_pieces_it_can_be_cut) {
  constexpr std::uint32_t largest = std::numeric_limits<std::uint32_t>::max();
  BOOST_TEST(AgentShare{}.most_pieces() == largest);
  const AgentShare small{999'999, 1'000'000, 1};
  BOOST_TEST(small.most_pieces() == 4294u);
  const AgentShare last = small.piece(4293, 4294);
  BOOST_TEST(last.count == 4'294'000'000u);
  BOOST_TEST(last.index == 4'293'999'999u);
  BOOST_TEST(last.owns(last.item_at(3)));
  BOOST_TEST(last.number_of(last.item_at(3)) == 3u);
  BOOST_TEST(last.most_pieces() == 1u);
}

BOOST_AUTO_TEST_CASE(a_share_wider_than_the_load_plans_no_more_than_the_load) {
  for (const auto& load : sample_loads()) {
    const AgentShare wide{0, 4'000'000'000, 4'000'000'000};
    BOOST_TEST((planned_by(load, {wide}) == planned_by(load, {AgentShare{}})), load.name);
  }
}
