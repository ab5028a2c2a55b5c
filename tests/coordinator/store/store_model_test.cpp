// The store against a plain model of it: whatever is done in whatever order, both say the same.

#include <boost/test/unit_test.hpp>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "tests/coordinator/store/stored_runs.hpp"

using namespace squall::coordinator;
using namespace squall::tests;

namespace {

struct ModelRun {
  std::string state, report;
  std::set<std::string> tags;
};

/// What a store is, without files, processes and SQL. Its functions say whether they were allowed.
struct Model {
  std::map<std::string, ModelRun> runs;
  std::map<std::string, std::vector<std::string>> baselines;

  bool begin(const std::string& id) {
    const auto found = runs.find(id);
    if (found != runs.end() && found->second.state != "interrupted") return false;
    runs[id].state = "running";
    return true;
  }
  bool finish(const std::string& id, const std::string& report) {
    const auto found = runs.find(id);
    if (found == runs.end() || found->second.state == "finished") return false;
    found->second.state = "finished";
    found->second.report = report;
    return true;
  }
  bool remove(const std::string& id) {
    const auto found = runs.find(id);
    if (found == runs.end() || found->second.state == "running") return false;
    for (const auto& [name, members] : baselines)
      for (const auto& member : members)
        if (member == id) return false;
    runs.erase(found);
    return true;
  }
  bool tag(const std::string& id, const std::string& name) {
    if (!runs.contains(id)) return false;
    runs[id].tags.insert(name);
    return true;
  }
  bool untag(const std::string& id, const std::string& name) {
    return runs.contains(id) && runs[id].tags.erase(name) > 0;
  }
  bool set_baseline(const std::string& name, const std::vector<std::string>& members) {
    if (members.empty()) return false;
    for (const auto& id : members)
      if (!runs.contains(id) || runs[id].state != "finished") return false;
    baselines[name] = members;
    return true;
  }
  void end_of_process() {
    for (auto& [id, run] : runs)
      if (run.state == "running") run.state = "interrupted";
  }
};

class Walk {
 public:
  explicit Walk(unsigned seed) : random_(seed) { store_.emplace(file_); }

  void step() {
    const std::string id = run_number(draw(12));
    const std::string name(1, static_cast<char>('a' + draw(3)));
    switch (draw(9)) {
      case 0:
      case 1:
        same([&] { store_->begin(beginning_of(id)); }, model_.begin(id));
        break;
      case 2:
      case 3: {
        const auto report = report_of({.id = id, .tokens_per_second = draw(1000) * 1.0});
        same([&] { store_->finish(id, report); }, model_.finish(id, report));
        break;
      }
      case 4:
        same([&] { store_->remove(id); }, model_.remove(id));
        break;
      case 5:
        same([&] { store_->tag(id, name); }, model_.tag(id, name));
        break;
      case 6:
        same([&] { store_->untag(id, name); }, model_.untag(id, name));
        break;
      case 7: {
        std::vector<std::string> members;
        for (int i = draw(3); i > 0; --i) members.push_back(run_number(draw(12)));
        const std::set<std::string> distinct(members.begin(), members.end());
        members.assign(distinct.begin(), distinct.end());
        same([&] { store_->set_baseline(name, members); }, model_.set_baseline(name, members));
        break;
      }
      default:
        if (draw(4) > 0) break;
        store_.reset();
        store_.emplace(file_);
        model_.end_of_process();
    }
    compare();
  }

 private:
  int draw(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

  template <class Act>
  void same(Act act, bool allowed) {
    const std::string why = complaint(act);
    BOOST_TEST(why.empty() == allowed, "the store says '" << why << "'");
  }

  void compare() {
    const auto runs = store_->list();
    BOOST_REQUIRE(runs.size() == model_.runs.size());
    auto expected = model_.runs.begin();
    for (const auto& run : runs) {
      BOOST_TEST(run.beginning.run == expected->first);
      BOOST_TEST(run.state == expected->second.state);
      const std::set<std::string> tags(run.tags.begin(), run.tags.end());
      BOOST_TEST((tags == expected->second.tags));
      if (run.state == "finished")
        BOOST_TEST(store_->report(run.beginning.run) == expected->second.report);
      else
        BOOST_TEST(run.figures.empty());
      ++expected;
    }
    BOOST_REQUIRE(store_->baselines().size() == model_.baselines.size());
    for (const auto& [name, members] : model_.baselines)
      BOOST_TEST((store_->baseline(name) == members));
  }

  TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "runs.db";
  std::optional<RunStore> store_;
  Model model_;
  std::mt19937 random_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(any_order_of_what_can_be_done_leaves_what_a_plain_map_holds) {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      Walk walk(seed);
      for (int i = 0; i < 150; ++i) walk.step();
    }
  }
}
