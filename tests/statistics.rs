//! The statistical functions against the library `statrs` and against printed tables.

use mailsim::statistics::{Estimate, incomplete_beta, student_below, student_quantile};
use statrs::distribution::{Beta, ContinuousCDF, StudentsT};

/// Holds `ours` against `theirs`, relative to the larger of both.
#[track_caller]
fn near(ours: f64, theirs: f64, tolerance: f64, about: &str) {
    let scale = ours.abs().max(theirs.abs()).max(1e-300);
    assert!((ours - theirs).abs() <= tolerance * scale, "{about}: {ours} against {theirs}");
}

/// Quantiles of Student's t as every textbook prints them, to three decimals.
#[test]
fn quantiles_are_those_of_the_printed_table() {
    let table = [
        (1.0, [3.078, 6.314, 12.706, 31.821, 63.657]),
        (2.0, [1.886, 2.920, 4.303, 6.965, 9.925]),
        (4.0, [1.533, 2.132, 2.776, 3.747, 4.604]),
        (9.0, [1.383, 1.833, 2.262, 2.821, 3.250]),
        (19.0, [1.328, 1.729, 2.093, 2.539, 2.861]),
        (29.0, [1.311, 1.699, 2.045, 2.462, 2.756]),
        (120.0, [1.289, 1.658, 1.980, 2.358, 2.617]),
    ];
    for (freedom, row) in table {
        for (p, printed) in [0.9, 0.95, 0.975, 0.99, 0.995].into_iter().zip(row) {
            let quantile = student_quantile(p, freedom);
            assert!((quantile - printed).abs() <= 0.000_501, "{p} {freedom}: {quantile}");
            near(student_quantile(1.0 - p, freedom), -quantile, 1e-12, "the other side");
        }
    }
}

/// With one and two degrees of freedom the quantile has a closed form.
#[test]
fn quantiles_with_few_degrees_of_freedom_are_exact() {
    for step in 1..1000 {
        let p = f64::from(step) / 1000.0;
        let cauchy = libm::tan(std::f64::consts::PI * (p - 0.5));
        let two = (2.0 * p - 1.0) / (2.0 * p * (1.0 - p)).sqrt();
        assert!((student_quantile(p, 1.0) - cauchy).abs() <= 1e-11 * cauchy.abs().max(1.0), "{p}");
        assert!((student_quantile(p, 2.0) - two).abs() <= 1e-11 * two.abs().max(1.0), "{p}");
    }
}

#[test]
fn the_distribution_is_that_of_the_library() {
    for freedom in [1.0, 2.0, 3.0, 5.0, 9.0, 29.0, 99.0, 999.0, 1e5] {
        let library = StudentsT::new(0.0, 1.0, freedom).expect("the parameters are right");
        for step in -80..=80 {
            let t = f64::from(step) / 10.0;
            near(student_below(t, freedom), library.cdf(t), 1e-9, &format!("{t}, {freedom}"));
        }
        for p in [0.6, 0.75, 0.9, 0.95, 0.975, 0.995, 0.9995] {
            let (ours, theirs) = (student_quantile(p, freedom), library.inverse_cdf(p));
            // The library searches its own distribution function to about five digits.
            near(ours, theirs, 1e-4, &format!("p {p}, {freedom}"));
            near(student_below(ours, freedom), p, 1e-10, "and back");
        }
    }
}

/// The expansion of Fisher and Cornish about the normal quantile z, to the second order in 1/ν.
#[test]
fn with_many_degrees_of_freedom_the_normal_distribution_is_near() {
    for freedom in [1e3, 1e4, 1e6] {
        for p in [0.6, 0.75, 0.95, 0.975, 0.995] {
            let z = mailsim::random::normal_quantile(p);
            let (z3, z5) = (z * z * z, z * z * z * z * z);
            let expansion = z
                + (z3 + z) / (4.0 * freedom)
                + (5.0 * z5 + 16.0 * z3 + 3.0 * z) / (96.0 * freedom * freedom);
            near(student_quantile(p, freedom), expansion, 1e-8, &format!("{p}, {freedom}"));
        }
    }
}

#[test]
fn the_incomplete_beta_function_is_that_of_the_library() {
    for (a, b) in [(0.5, 0.5), (1.0, 3.0), (2.5, 7.0), (40.0, 0.5), (300.0, 200.0)] {
        let library = Beta::new(a, b).expect("the parameters are right");
        for step in 0..=50 {
            let x = f64::from(step) / 50.0;
            let (ours, theirs) = (incomplete_beta(a, b, x), library.cdf(x));
            assert!((ours - theirs).abs() < 1e-11, "{a} {b} {x}: {ours} {theirs}");
        }
    }
    // I_x(1, b) = 1 - (1-x)^b.
    near(incomplete_beta(1.0, 3.0, 0.2), 1.0 - 0.512, 1e-14, "closed form");
    assert!(incomplete_beta(0.0, 1.0, 0.5).is_nan() && incomplete_beta(1.0, 1.0, 1.5).is_nan());
}

/// Gosset's own example of 1908: ten patients' gain of sleep, mean 1.58, standard deviation 1.23.
#[test]
fn an_interval_of_gossets_sleep_data() {
    let gain = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4];
    let estimate = Estimate::of(&gain, 0.95);
    let interval = estimate.interval.expect("ten values");
    assert!((estimate.mean.expect("ten values") - 1.58).abs() < 1e-12);
    // R's t.test gives [0.7001142, 2.4598858].
    assert!((interval.low - 0.700_114_2).abs() < 1e-7, "{interval:?}");
    assert!((interval.high - 2.459_885_8).abs() < 1e-7, "{interval:?}");
    let one = Estimate::of(&[1.0], 0.95);
    assert_eq!((one.mean, one.standard_error, one.interval), (Some(1.0), None, None));
}
