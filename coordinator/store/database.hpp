#pragma once
// One SQLite file, its statements and transactions: the only unit that knows sqlite3.
// Whatever SQLite refuses is thrown as StoreError with file and remedy. One owner, any thread.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "coordinator/store/store_error.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace squall::coordinator {

class Database;

/// Bytes that are no text, for Statement::with.
struct AsBlob {
  std::string_view bytes;
};

/// Values are bound in order, rows read column by column, from 0. Refers to its database.
class Statement {
 public:
  Statement(Database& database, std::string_view sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  /// The values of the statement's '?'; begins anew.
  template <class... Values>
  Statement& with(const Values&... values) {
    reset();
    (bind(values), ...);
    return *this;
  }

  bool step();  // whether there is a row
  void run();   // to the end

  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;
  std::string_view bytes(int column) const;  // until the next step

 private:
  void reset();
  void bind(std::int64_t value);
  void bind(double value);
  void bind(std::string_view text);
  void bind(const AsBlob& blob);

  Database& database_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
};

class Database {
 public:
  /// Makes the file where it is not; its folder has to be there. One that is there is not changed
  /// before something is written.
  explicit Database(const std::filesystem::path& file);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  const std::filesystem::path& file() const { return file_; }

  /// The file keeps a write-ahead log from now on, for good. For files that are ours.
  void turn_to_wal();

  /// Statements without values, separated by semicolons.
  void execute(const std::string& sql);
  std::int64_t value_of(std::string_view sql);  // of the first row's first column; 0 without rows
  std::int64_t last_number() const;             // of the row that was inserted last
  std::int64_t changed() const;                 // rows, by the last statement

 private:
  friend class Statement;
  void open();
  void close();
  [[noreturn]] void fail(int code) const;

  std::filesystem::path file_;
  sqlite3* handle_ = nullptr;
};

/// All or nothing: what is not committed is undone. One that writes waits here for its turn.
class Transaction {
 public:
  enum class Kind { read, write };
  explicit Transaction(Database& database, Kind kind = Kind::write);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace squall::coordinator
