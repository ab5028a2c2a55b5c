#include "tests/simulation/simulated_disk.hpp"

#include <utility>

namespace squall::tests {

using actors::Bytes;
using actors::JournalError;

class SimulatedDisk::File : public actors::Journal {
 public:
  File(const SimulatedDisk& disk, std::string name, std::shared_ptr<Records> records,
       OnRecord on_record, bool forgetful)
      : disk_(&disk),
        name_(std::move(name)),
        records_(std::move(records)),
        on_record_(std::move(on_record)),
        forgetful_(forgetful) {}

  void append(std::span<const std::byte> record) override {
    pending_.emplace_back(record.begin(), record.end());
  }

  void commit() override {
    refuse_when_full();
    if (!forgetful_) keep();
  }

  void sync() override {
    refuse_when_full();
    keep();
  }

 private:
  void refuse_when_full() {
    if (!disk_->full()) return;
    pending_.clear();
    throw JournalError(name_ + ": no space left on the simulated disk");
  }
  void keep() {
    for (Bytes& record : pending_) {
      records_->push_back(std::move(record));
      if (on_record_) on_record_(records_->back());
    }
    pending_.clear();
  }

  const SimulatedDisk* disk_;
  std::string name_;
  std::shared_ptr<Records> records_;
  Records pending_;
  OnRecord on_record_;
  bool forgetful_;
};

const SimulatedDisk::Records& SimulatedDisk::records(const std::string& file) const {
  static const Records none;
  const auto found = files_.find(file);
  return found == files_.end() ? none : *found->second;
}

std::vector<std::string> SimulatedDisk::files() const {
  std::vector<std::string> names;
  for (const auto& [name, records] : files_) names.push_back(name);
  return names;
}

std::unique_ptr<actors::Journal> SimulatedDisk::open(const std::string& file, OnRecord on_record) {
  if (full_) throw JournalError(file + ": no space left on the simulated disk");
  auto& records = files_[file];
  if (!records) records = std::make_shared<Records>();
  return std::make_unique<File>(*this, file, records, std::move(on_record), false);
}

std::unique_ptr<actors::Journal> SimulatedDisk::open_forgetful(const std::string& file,
                                                               OnRecord on_record) {
  if (full_) throw JournalError(file + ": no space left on the simulated disk");
  auto& records = files_[file];
  if (!records) records = std::make_shared<Records>();
  return std::make_unique<File>(*this, file, records, std::move(on_record), true);
}

}  // namespace squall::tests
