//! The regularised incomplete beta function.

/// Steps of the continued fraction before it is given up; it needs O(√max(a, b)) of them.
const MOST_STEPS: u32 = 100_000;
/// Relative change at which the continued fraction counts as settled.
const SETTLED: f64 = 1e-16;
/// Stands for zero in denominators (Lentz's method).
const TINY: f64 = 1e-300;

/// Returns I_x(a, b), the probability that a beta variable with parameters `a` and `b`, both above
/// zero, is at most `x`.
///
/// Computed by the continued fraction of NIST DLMF 8.17.22 with the modified method of Lentz, on
/// the side of x = (a+1)/(a+b+2) where it converges fast. Not a number where it is not defined.
#[must_use]
pub fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    let defined = a > 0.0 && b > 0.0 && (0.0..=1.0).contains(&x);
    if !defined {
        return f64::NAN;
    }
    if x == 0.0 || x == 1.0 {
        return x;
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - fraction_side(b, a, 1.0 - x, x);
    }
    fraction_side(a, b, x, 1.0 - x)
}

/// Returns I_x(a, b) from the continued fraction; `rest` is 1 - x.
fn fraction_side(a: f64, b: f64, x: f64, rest: f64) -> f64 {
    let ln_beta = libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b);
    let front = libm::exp(a * libm::log(x) + b * libm::log(rest) - ln_beta);
    front * continued_fraction(a, b, x) / a
}

fn continued_fraction(a: f64, b: f64, x: f64) -> f64 {
    let away_from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for step in 1..=MOST_STEPS {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away_from_zero(1.0 + even * d);
        c = away_from_zero(1.0 + even / c);
        value *= c * d;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away_from_zero(1.0 + odd * d);
        c = away_from_zero(1.0 + odd / c);
        let change = c * d;
        value *= change;
        if (change - 1.0).abs() <= SETTLED {
            break;
        }
    }
    value
}
