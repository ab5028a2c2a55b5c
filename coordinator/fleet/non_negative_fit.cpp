#include "coordinator/fleet/non_negative_fit.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <optional>

namespace squall::coordinator {

namespace {

using Matrix = std::vector<std::vector<double>>;

constexpr double smallest_pivot = 1e-11;    // of a column of length 1: below, others make it up
constexpr double smallest_descent = 1e-12;  // relative to the values: below, nothing is gained

/// Solves matrix * x = right by Cholesky's method; none: it is not positive definite enough.
std::optional<std::vector<double>> solve(Matrix matrix, std::vector<double> right) {
  const std::size_t n = right.size();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = matrix[i][j];
      for (std::size_t k = 0; k < j; ++k) sum -= matrix[i][k] * matrix[j][k];
      if (i == j) {
        if (sum < smallest_pivot) return std::nullopt;
        matrix[i][i] = std::sqrt(sum);
      } else {
        matrix[i][j] = sum / matrix[j][j];
      }
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k) right[i] -= matrix[i][k] * right[k];
    right[i] /= matrix[i][i];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) right[i] -= matrix[k][i] * right[k];
    right[i] /= matrix[i][i];
  }
  return right;
}

class Search {
 public:
  Search(Matrix products, std::vector<double> wanted, double size)
      : products_(std::move(products)),
        wanted_(std::move(wanted)),
        least_(smallest_descent * size),
        values_(wanted_.size(), 0),
        chosen_(wanted_.size(), 0),
        refused_(wanted_.size(), 0) {}

  std::vector<double> values() {
    // Each round lowers the sum of squares, so no choice comes twice; the bound is for rounding.
    for (std::size_t round = 0; round < 10 * values_.size() + 10; ++round) {
      const auto column = steepest();
      if (!column) break;
      chosen_[*column] = 1;
      if (!settle()) {
        chosen_[*column] = 0;
        refused_[*column] = 1;
      }
    }
    return values_;
  }

 private:
  /// The column that lowers the sum of squares fastest.
  std::optional<std::size_t> steepest() const {
    std::optional<std::size_t> best;
    double steepest = least_;
    for (std::size_t j = 0; j < values_.size(); ++j) {
      if (chosen_[j] != 0 || refused_[j] != 0) continue;
      double descent = wanted_[j];
      for (std::size_t k = 0; k < values_.size(); ++k) descent -= products_[j][k] * values_[k];
      if (descent > steepest) {
        steepest = descent;
        best = j;
      }
    }
    return best;
  }

  std::optional<std::vector<double>> solution_of_chosen(
      const std::vector<std::size_t>& columns) const {
    Matrix matrix;
    std::vector<double> right;
    for (const std::size_t i : columns) {
      std::vector<double>& row = matrix.emplace_back();
      for (const std::size_t j : columns) row.push_back(products_[i][j]);
      right.push_back(wanted_[i]);
    }
    return solve(std::move(matrix), std::move(right));
  }

  /// Goes to the best values of the chosen columns; those that would be negative are let go.
  bool settle() {
    while (true) {
      std::vector<std::size_t> columns;
      for (std::size_t j = 0; j < values_.size(); ++j)
        if (chosen_[j] != 0) columns.push_back(j);
      const auto best = solution_of_chosen(columns);
      if (!best) return false;
      double share = 1;  // of the way there that stays at 0 or above
      for (std::size_t i = 0; i < columns.size(); ++i) {
        const double now = values_[columns[i]], then = (*best)[i];
        if (then <= 0) share = std::min(share, now / (now - then));
      }
      for (std::size_t i = 0; i < columns.size(); ++i)
        values_[columns[i]] += share * ((*best)[i] - values_[columns[i]]);
      if (share >= 1) return true;
      for (std::size_t i = 0; i < columns.size(); ++i) {
        if ((*best)[i] > 0 || values_[columns[i]] > 1e-15) continue;
        values_[columns[i]] = 0;
        chosen_[columns[i]] = 0;
      }
    }
  }

  Matrix products_;  // of columns with one another
  std::vector<double> wanted_;
  double least_;
  std::vector<double> values_;
  std::vector<char> chosen_, refused_;
};

}  // namespace

std::vector<double> non_negative_least_squares(const Matrix& rows,
                                               const std::vector<double>& values) {
  assert(!rows.empty() && rows.size() == values.size());
  const std::size_t columns = rows.front().size();
  std::vector<double> lengths(columns, 0), wanted(columns, 0);
  Matrix products(columns, std::vector<double>(columns, 0));
  double size = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    assert(rows[i].size() == columns);
    size += values[i] * values[i];
    for (std::size_t j = 0; j < columns; ++j) {
      wanted[j] += rows[i][j] * values[i];
      for (std::size_t k = 0; k < columns; ++k) products[j][k] += rows[i][j] * rows[i][k];
    }
  }
  for (std::size_t j = 0; j < columns; ++j)
    lengths[j] = products[j][j] > 0 ? std::sqrt(products[j][j]) : 1;
  for (std::size_t j = 0; j < columns; ++j) {
    wanted[j] /= lengths[j];
    for (std::size_t k = 0; k < columns; ++k) products[j][k] /= lengths[j] * lengths[k];
  }
  auto found = Search(std::move(products), std::move(wanted), std::sqrt(size)).values();
  for (std::size_t j = 0; j < columns; ++j) found[j] /= lengths[j];
  return found;
}

}  // namespace squall::coordinator
